"""The catalogue of the marker's pairs, and readers that no text in a customer's books can upset."""

from __future__ import annotations

import ast
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.keys import SourceKey
from contracts.marker import (
    CATALOGUE,
    Marker,
    MarkerField,
    age_in,
    amount_in,
    qbo_id_in,
    read_age,
    read_amount,
    text_in,
)
from tests.support.seals import SEAL

BRIDGE = Path(__file__).parents[2] / "bridge"
HOSTILE = (
    "",
    "1e100",
    "1e999999",
    "-1E-999999",
    "NaN",
    "Infinity",
    "²",
    "٣",
    "1_000",
    "+1",
    "0x1",
    "9" * 4000,
    ".",
    "-",
)


def test_every_key_has_its_meaning_its_unit_and_its_first_release() -> None:
    """A key without them cannot be added. One letter each, none twice."""
    assert set(CATALOGUE) == set(MarkerField)
    assert all(len(name) == 1 and name.islower() for name in MarkerField)
    assert all(entry.meaning and entry.unit and entry.on and entry.since for entry in CATALOGUE.values())


@pytest.mark.parametrize("text", HOSTILE)
def test_numbers_that_we_do_not_write_are_not_there(text: str) -> None:
    """Exponents, digits of other scripts, four thousand digits. Guard: `fullmatch` before every conversion."""
    fields = {name.value: text for name in MarkerField}
    assert (amount_in(fields, MarkerField.TOTAL), age_in(fields)) == (None, None)
    assert qbo_id_in(fields, MarkerField.CUSTOMER) is None
    assert (read_age(f"{text}.1"), read_age(f"1.{text}")) == (None, None)


def test_what_we_write_is_read_as_it_was_written() -> None:
    """Whole units, cents, thousandths, below zero; the version of what its source took back for good."""
    for text in ("0.00", "398.00", "-12.50", "3000", "1.234", "999999999999999.99"):
        assert read_amount(text) == Decimal(text)
    assert read_age("9007199254740992.0") == (2**53, 0)
    assert qbo_id_in({"c": "145"}, MarkerField.CUSTOMER) == "145"
    assert text_in({"h": "left-out"}, MarkerField.CONTENT) == "left-out"


def test_a_text_without_end_is_not_there() -> None:
    """No hash and no id of ours is longer than 255 characters."""
    assert text_in({"p": "x" * 255}, MarkerField.INTENT) is not None
    assert text_in({"p": "x" * 256}, MarkerField.INTENT) is None
    assert text_in({}, MarkerField.INTENT) is None


@given(st.text(max_size=40))
@example("5.1\n")
@example("1.0\n")
def test_no_text_upsets_a_reader(text: str) -> None:
    """Whatever stands in a pair: a bounded value or None."""
    for name in MarkerField:
        fields = {name.value: text}
        amount = amount_in(fields, name)
        assert amount is None or abs(amount) < Decimal(10) ** 15
        assert (text_in(fields, name) or "") in text
        assert (qbo_id_in(fields, name) or "0").isascii()
    age = read_age(text)
    assert age is None or text == f"{text.partition('.')[0]}.{text.partition('.')[2]}"


def test_a_marker_of_a_newer_release_keeps_the_keys_that_are_not_known_here() -> None:
    """An older release hands them on instead of losing them."""
    newer = SEAL.line("Invoice", Marker(SourceKey("shopify", "order", "1"), {"v": "1.1", "zz": "new"}))
    marker = SEAL.find("Invoice", newer)
    assert marker is not None
    assert SEAL.line("Invoice", marker) == newer


ROOMS = ("index", "planning", "binding", "books", "posting", "settlement", "journal", "company")


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_spells_a_key(room: str) -> None:
    """A key that is written as a text escapes the catalogue. Guard: none of the rooms holds such a literal."""
    spelt = [
        f"{path.name}:{node.lineno}"
        for path in sorted((BRIDGE / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in set(MarkerField)
    ]
    assert spelt == []
