"""Field types: strict about money and identity, silent about content."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import bodies
from contracts.bodies import Amount, Body, Text, read_body
from contracts.errors import UndecodableRecord
from contracts.shopify import LineItem, Order, custom_info, id_of, true_id
from contracts.stripe import id_or_object


class Row(Body):
    """A body with one required amount."""

    amount: Amount
    note: Text | None = None


class Sheet(Body):
    """A body with rows."""

    rows: tuple[Row, ...] = ()


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_amount_is_what_was_written(number: Decimal) -> None:
    """As text or as a number, to the last digit."""
    assert bodies.read_amount(str(number)) == bodies.read_amount(number) == number


@pytest.mark.parametrize(
    "value", [True, None, 1.5, [], "", "1,50", "NaN", "Infinity", "1e999999999", "0e999999999", "1e-99", 10**13]
)
def test_amount_of_another_kind_is_refused(value: object) -> None:
    """Not a bool, not a float, not NaN, not of any size."""
    with pytest.raises(ValueError, match=r"amount|decimals"):
        bodies.read_amount(value)


@pytest.mark.parametrize("value", [820982911946154508, "820982911946154508"])
def test_id_is_an_integer_of_any_size(value: object) -> None:
    """Never a float."""
    assert bodies.read_id(value) == 820982911946154508


@pytest.mark.parametrize("value", [True, 1.0, "gid://x/1", "", "-1", "\u0661", "9" * 41, "9" * 5000, 10**40, -5, None])
def test_id_of_another_kind_is_refused(value: object) -> None:
    """Digits, and not more of them than anyone needs."""
    with pytest.raises(ValueError, match="id"):
        bodies.read_id(value)


def test_counts_flags_texts_and_times() -> None:
    """What each of them takes."""
    assert bodies.read_count("3") == bodies.read_count(3) == 3
    assert bodies.read_whole("-12") == -12
    assert (bodies.read_flag(value=True), bodies.read_flag("FALSE")) == (True, False)
    assert (bodies.read_text("a"), bodies.read_text(1042)) == ("a", "1042")
    assert bodies.read_time("2026-03-02T21:04:09-08:00").utcoffset() == timedelta(hours=-8)
    assert bodies.read_time("2026-03-02T21:04:09") == datetime(2026, 3, 2, 21, 4, 9, tzinfo=UTC)
    assert bodies.read_unix_time(0) == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (bodies.read_count, -1),
        (bodies.read_count, "1.5"),
        (bodies.read_count, 10**8),
        (bodies.read_whole, "1.5"),
        (bodies.read_flag, 1),
        (bodies.read_flag, "yes"),
        (bodies.read_text, []),
        (bodies.read_text, True),
        (bodies.read_time, 5),
        (bodies.read_time, "soon"),
        (bodies.read_unix_time, 10**18),
        (bodies.read_unix_time, None),
    ],
)
def test_another_kind_is_refused(reader: object, value: object) -> None:
    """ValueError, which becomes one sentence."""
    assert callable(reader)
    with pytest.raises(ValueError, match=r"is not|is neither"):
        reader(value)


def test_null_counts_as_absent() -> None:
    """For an optional field; a required one is missing."""
    assert read_body(Row, {"amount": "1", "note": None, "more": 1}, "row") == Row(amount=Decimal(1))
    with pytest.raises(UndecodableRecord, match=r"^the row has no amount$"):
        read_body(Row, {"amount": None}, "row")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"rows": [{"amount": "secret"}]}, "the sheet cannot be read: rows.0.amount is not an amount"),
        ({"rows": [{}]}, "the sheet has no rows.0.amount"),
        ({"rows": "secret"}, "the sheet cannot be read: rows has the wrong type"),
        ({"rows": ["secret"]}, "the sheet cannot be read: rows.0 has the wrong type"),
    ],
)
def test_mistake_is_told_by_its_place(body: dict[str, object], said: str) -> None:
    """The path of the first one, and never what stood there."""
    with pytest.raises(UndecodableRecord) as caught:
        read_body(Sheet, body, "sheet")
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("number", "gid", "expected"),
    [
        (820982911946154500, "gid://shopify/Order/820982911946154508", 820982911946154508),
        (820982911946154500, "gid://shopify/Order/820982911946154508?x=1", 820982911946154508),
        (820982911946154500, None, 820982911946154500),
        (820982911946154500, "gid://shopify/Order/abc", 820982911946154500),
        (820982911946154500, "gid://shopify/Order/820982911946155508", 820982911946154500),
        (820982911946154500, "gid://shopify/Order/1", 820982911946154500),
        (820982911946154500, "820982911946154508", 820982911946154500),
        (820982911946154500, "gid://elsewhere/Order/820982911946154508", 820982911946154500),
        (820982911946154500, "gid://shopify/Order/x/820982911946154508", 820982911946154500),
        (820982911946154500, "gid://shopify/Order/" + "9" * 5000, 820982911946154500),
        (2**53, "gid://shopify/Order/1", 2**53),
        (4081486823579, "gid://shopify/Order/4081486823578", 4081486823579),
    ],
)
def test_only_a_number_that_can_be_rounded_is_corrected(number: int, gid: str | None, expected: int) -> None:
    """Past 2**53, by a gid of the right form that rounds to it."""
    assert true_id(number, gid) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [({"id": 5}, 5), ({"id": "5"}, 5), ({"id": True}, None), ({"id": "x"}, None), ({}, None), ({"id": None}, None)],
)
def test_id_of_a_raw_body(body: dict[str, object], expected: int | None) -> None:
    """None when there is none to read."""
    assert id_of(body) == expected


def test_custom_info_is_what_the_buyer_wrote() -> None:
    """Hidden names, empty values and odd shapes are left out."""
    rows = [{"name": "Text", "value": "Lou"}, {"name": "_id", "value": "1"}, {"name": "Empty", "value": ""}, "odd"]
    line = {"price": "1", "quantity": 1}
    assert custom_info(LineItem.model_validate({**line, "properties": rows})) == ("Text: Lou",)
    assert custom_info(LineItem.model_validate({**line, "properties": {"a": "b"}})) == ()


def test_expandable_field_is_an_id_or_an_object() -> None:
    """Both, or nothing."""
    assert id_or_object("ch_1") == ("ch_1", {})
    assert id_or_object({"id": "ch_1", "x": 1}) == ("ch_1", {"id": "ch_1", "x": 1})
    assert id_or_object({"id": 5}) == (None, {"id": 5})
    assert id_or_object("two words")[0] is None
    assert id_or_object("x" * 256)[0] is None
    assert id_or_object(None) == (None, {})


def test_unknown_fields_are_ignored() -> None:
    """Shopify adds fields every quarter."""
    body = {"id": 1, "currency": "USD", "total_price": 1, "total_tax": "0", "line_items": [], "new_in_2027": {}}
    assert read_body(Order, body, "order").total_price == 1


def test_the_rows_of_a_list_are_bounded() -> None:
    """As many as the bound are read, one more is refused. Guard: `ROWS_MAX`."""
    rows = [{"amount": "1"}] * bodies.ROWS_MAX
    assert len(read_body(Sheet, {"rows": rows}, "sheet").rows) == bodies.ROWS_MAX
    with pytest.raises(UndecodableRecord, match="rows has more than 5000 rows"):
        read_body(Sheet, {"rows": [*rows, {"amount": "1"}]}, "sheet")
