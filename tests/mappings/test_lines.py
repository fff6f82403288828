"""Lines and names as QBO takes them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import round_half_up
from mappings.lines import in_hundredths, line
from mappings.names import cut, description, email_address, email_key, legal_name

D = Decimal
ITEM = SourceKey("shopify", "sku", "A")


@pytest.mark.parametrize(
    ("amount", "quantity", "price", "expected"),
    [
        ("100.00", 3, "33.333333", "33.333333"),
        ("100.00", 3, "33.33", "33.3333333"),
        ("10.00", 4, None, "2.50"),
        ("1861.08", D("14.5"), "128.35", "128.35"),
        ("0.01", 10**9, None, None),
        ("-5.00", 1, "-5.00", None),
        ("0.00", 2, "0.00", "0.00"),
    ],
)
def test_price_is_given_only_when_it_makes_the_amount(
    amount: str, quantity: Decimal, price: str | None, expected: str | None
) -> None:
    """The source's own price, else the amount per piece, else none at all (6070)."""
    found = line(ITEM, D(amount), quantity=D(quantity), price=D(price) if price else None)
    assert found.unit_price == (None if expected is None else D(expected))
    assert (found.quantity is None) == (found.unit_price is None)
    assert found.amount == D(amount)


@given(cents=st.integers(0, 10**9), quantity=st.integers(1, 10**6), price=st.decimals(0, 1000, places=3))
def test_no_line_is_refused_by_its_arithmetic(cents: int, quantity: int, price: Decimal) -> None:
    """Whatever price the source names."""
    found = line(ITEM, D(cents).scaleb(-2), quantity=D(quantity), price=price)
    if found.quantity is not None and found.unit_price is not None:
        assert round_half_up(found.quantity * found.unit_price, 2) == found.amount


def test_hundredths_or_nothing() -> None:
    """More decimals are fine as long as they say nothing."""
    assert in_hundredths(D("5.120"), "KWD") == D("5.12")
    with pytest.raises(UnmappableEvent, match=r"5\.125 KWD"):
        in_hundredths(D("5.125"), "KWD")


@given(text=st.text(max_size=400), length=st.integers(1, 120))
def test_any_text_becomes_a_legal_name(text: str, length: int) -> None:
    """No colon, tab or line break, no blanks around, short enough; legal names stay as they are."""
    name = legal_name(text, length, fallback="x")
    assert 0 < len(name) <= max(length, 1)
    assert name == name.strip()
    assert not set(name) & set(":\t\n\r\x0b\x00")
    assert legal_name(name, length) == name


def test_descriptions_and_single_lines() -> None:
    """Each part once; nothing is None."""
    assert description("Mug", None, "Blue", "Mug", " ") == "Mug - Blue"
    assert description(None, "") is None
    assert len(description("x" * 5000) or "") == 4000
    assert (cut(" 18\tExample\nStreet ", 100), cut("", 5), cut(None, 5), cut("abcdef", 3)) == (
        "18 Example Street",
        None,
        None,
        "abc",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" jo@example.com ", "jo@example.com"),
        ("jo@example", None),
        ("j***@***", None),
        ("a@example.com, b@example.com", None),
        ("jö@example.com", None),
        ("x" * 100 + "@example.com", None),
        (None, None),
    ],
)
def test_only_an_address_that_qbo_takes_is_one(text: str | None, expected: str | None) -> None:
    """Masked, several or too long ones would make QBO refuse the whole document."""
    assert email_address(text) == expected


def test_keys_hold_no_address() -> None:
    """Keys are logged and published."""
    assert email_key("Jo@Example.com ") == email_key("jo@example.com") != email_key("jo@example.org")
