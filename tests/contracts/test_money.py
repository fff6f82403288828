"""Money: exact, one currency at a time, split without losing a unit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import UnmappableEvent
from contracts.money import Money, decimals_of, fits, from_stripe, plain, round_half_up, split, total

D = Decimal
CENTS = st.integers(-(10**9), 10**9).map(lambda units: D(units).scaleb(-2))
WEIGHTS = st.lists(st.integers(0, 10**6).map(D), min_size=1, max_size=20)


@given(whole=CENTS, weights=WEIGHTS)
def test_split_adds_up_and_is_fair(whole: Decimal, weights: list[Decimal]) -> None:
    """The parts are the whole, each within a unit of its exact share."""
    parts = split(whole, weights)
    assert total(parts) == whole
    shares = weights if total(weights) else [D(1)] * len(weights)
    for part, weight in zip(parts, shares, strict=True):
        assert fits(part, 2)
        assert abs(part - whole * weight / total(shares)) < D("0.01") + D("1e-15")


def test_split_gives_what_is_left_to_the_parts_that_lost_most() -> None:
    """Ties to the earlier part; a currency without decimals is split in whole units."""
    assert split(D("10.00"), [D(1), D(1), D(1)]) == (D("3.34"), D("3.33"), D("3.33"))
    assert split(D("-10.00"), [D(1), D(1), D(1)]) == (D("-3.34"), D("-3.33"), D("-3.33"))
    assert split(D(10), [D(1), D(2)], places=0) == (D(3), D(7))
    assert split(D(1), [D(0), D(0)]) == (D("0.50"), D("0.50"))


def test_split_refuses_what_cannot_be_split() -> None:
    """No parts, or a whole that is finer than its parts may be."""
    with pytest.raises(ValueError, match="no parts"):
        split(D(1), [])
    with pytest.raises(UnmappableEvent, match="not exact"):
        split(D("0.001"), [D(1)])


def test_two_currencies_never_meet() -> None:
    """Adding dollars to euros is a broken call."""
    assert Money(D(1), "USD") + Money(D(2), "USD") - Money(D(0), "USD") == Money(D(3), "USD")
    with pytest.raises(ValueError, match="cannot mix USD and EUR"):
        Money(D(1), "USD") + Money(D(1), "EUR")


def test_order_sign_and_text() -> None:
    """In the currency's own number of decimals; more are kept."""
    assert Money(D(1), "USD") < Money(D(2), "USD") <= Money(D(2), "USD")
    assert -Money(D(1), "USD") == Money(D(-1), "USD")
    assert [str(Money(D(5), code)) for code in ("USD", "JPY", "KWD")] == ["5.00 USD", "5 JPY", "5.000 KWD"]
    assert plain(D("1E+3"), "USD") == "1000.00"
    assert plain(D("0.125"), "USD") == "0.125"
    assert decimals_of("KWD") == 3


@pytest.mark.parametrize("unknown", [None, ""])
def test_an_amount_of_an_unknown_currency_has_the_digits_that_it_came_with(unknown: str | None) -> None:
    """Guard: yen, dinars and dollars differ, and which of them it is nobody said."""
    assert [plain(D(each), unknown) for each in ("398", "398.50", "1E+3", "0.125")] == [
        "398",
        "398.50",
        "1000",
        "0.125",
    ]


@pytest.mark.parametrize(
    ("units", "currency", "amount"),
    [
        (1999, "usd", "19.99"),
        (500, "jpy", "500"),
        (5120, "kwd", "5.12"),
        (500, "isk", "5"),
        (500, "ugx", "5"),
        (-1, "eur", "-0.01"),
    ],
)
def test_stripe_s_smallest_units(units: int, currency: str, amount: str) -> None:
    """With Stripe's own special cases."""
    assert from_stripe(units, currency) == Money(D(amount), currency.upper())


def test_half_goes_up() -> None:
    """As QBO rounds: 128.35 x 14.5 is 1861.08."""
    assert round_half_up(D("128.35") * D("14.5")) == D("1861.08")
    assert round_half_up(D("0.5"), 0) == 1
