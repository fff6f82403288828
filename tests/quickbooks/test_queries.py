"""Queries are built by escaping only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.quickbooks.queries import Scalar, Select, quoted, where, where_in
from bridge.sandbox.query import parse


def unquoted(literal: str) -> str:
    """Read a literal as QBO does; AssertionError when it ends early or never."""
    assert literal[0] == "'"
    read: list[str] = []
    rest = iter(literal[1:])
    for char in rest:
        if char == "'":
            assert not list(rest), "the literal ends before its end"
            return "".join(read)
        read.append(next(rest) if char == "\\" else char)
    raise AssertionError("the literal never ends")


LEGAL = st.characters(min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\x7f\ufffe\uffff")
"""What XML 1.0 allows, control characters aside: `quoted` replaces everything else."""


@given(st.text(LEGAL))
def test_a_literal_holds_exactly_its_text(text: str) -> None:
    """No text can end its own literal and go on as query."""
    assert unquoted(quoted(text)) == text


@pytest.mark.parametrize("name", ["O'Brien\\", "\\' OR Id = '1", "''", "\\\\'", "a' ORDERBY Id STARTPOSITION 1 --"])
def test_known_troublemakers_stay_inside(name: str) -> None:
    r"""O'Brien\ and friends."""
    assert unquoted(quoted(name)) == name


def test_line_breaks_and_control_characters_become_spaces() -> None:
    """The query language has no escape for them."""
    assert quoted("a\r\n\tb\x00\x7f") == "'a   b  '"


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (True, "true"),
        (False, "false"),
        (Decimal("300.00"), "'300.00'"),
        (datetime(2026, 11, 20, tzinfo=UTC), "'2026-11-20T00:00:00+00:00'"),
        (datetime(2026, 11, 20, 1, 2, 3, 999, tzinfo=timezone(timedelta(hours=-8))), "'2026-11-20T01:02:03-08:00'"),
    ],
)
def test_literals_by_type(value: Scalar, literal: str) -> None:
    """Booleans are bare, everything else is quoted, times carry their offset."""
    assert quoted(value) == literal


def test_a_time_without_an_offset_is_refused() -> None:
    """QBO would read it in the company's zone: another instant."""
    with pytest.raises(ValueError, match="offset"):
        where("MetaData.CreateTime", ">=", datetime(2026, 11, 20))  # noqa: DTZ001 - the point of the test


def test_a_page_names_its_order() -> None:
    """The default order is not guaranteed, so every page is ordered by Id."""
    select = Select(
        "Invoice", ("Id", "MetaData.CreateTime"), (where("DocNumber", "=", "1001"), where_in("Id", ("1", "2")))
    )
    assert select.page(1001) == (
        "SELECT Id, MetaData.CreateTime FROM Invoice WHERE DocNumber = '1001' AND Id IN ('1', '2') "
        "ORDERBY Id STARTPOSITION 1001 MAXRESULTS 1000"
    )
    assert select.count() == "SELECT COUNT(*) FROM Invoice WHERE DocNumber = '1001' AND Id IN ('1', '2')"


@pytest.mark.parametrize("select", [Select("Invoice; x"), Select("Invoice", ("Id, *",)), Select("")])
def test_names_are_names(select: Select) -> None:
    """What is not escaped cannot be anything but a name."""
    with pytest.raises(ValueError, match="not the name"):
        select.page(1)


def test_nothing_cannot_be_listed() -> None:
    """An empty IN has no form in QBO's language."""
    with pytest.raises(ValueError, match="no values"):
        where_in("Id", ())
    with pytest.raises(ValueError, match="not the name"):
        where("Id = '1' AND Id", "=", "1")


@given(st.lists(st.text(LEGAL), min_size=1, max_size=5))
def test_qbos_grammar_reads_back_exactly_what_was_asked(values: list[str]) -> None:
    """Whatever the values hold, the query has the conditions that were meant and no other. Guard: `quoted`."""
    conditions = (
        where("DisplayName", "=", values[0]),
        where_in("DocNumber", tuple(values)),
        where("Active", "=", True),
    )
    read = parse(Select("Customer", conditions=conditions).page(1))
    assert (read.entity, read.start, read.limit) == ("Customer", "1", "1000")
    assert [condition.values for condition in read.conditions] == [(values[0],), tuple(values), (True,)]
    assert [condition.name for condition in read.conditions] == ["DisplayName", "DocNumber", "Active"]
    assert read.order == (("Id", False),)  # not descending
