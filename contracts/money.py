"""Money is one value: a Decimal and its currency. Nothing here ever touches a float."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import cache

from contracts.errors import UnmappableEvent

ZERO_DECIMAL = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF".split())
"""ISO 4217 currencies without a minor unit."""

THREE_DECIMAL = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
"""ISO 4217 currencies with thousandths."""

STRIPE_HUNDREDTHS = frozenset({"ISK", "UGX"})
"""Stripe keeps these in hundredths although they have none (docs.stripe.com/currencies, special cases)."""

CENT = Decimal("0.01")
_HALF_UP = Context(prec=60, rounding=ROUND_HALF_UP)


def decimals_of(currency: str) -> int:
    """The number of decimals in which amounts of `currency` are written: JPY 0, USD 2, KWD 3."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def stripe_decimals_of(currency: str) -> int:
    """The power of ten between Stripe's integer amounts and the currency: JPY 0, ISK 2 (a special case), KWD 3."""
    return 2 if currency in STRIPE_HUNDREDTHS else decimals_of(currency)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount of one currency; adding two currencies is a ValueError.

    >>> Money(Decimal("12.50"), "USD") + Money(Decimal("0.50"), "USD")
    Money(number=Decimal('13.00'), currency='USD')
    """

    number: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.number + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.number - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.number, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.number < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.number <= self._same(other)

    def __str__(self) -> str:
        return f"{plain(self.number, self.currency)} {self.currency}"

    def _same(self, other: Money) -> Decimal:
        if self.currency != other.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other.number


def from_stripe(amount: int, currency: str) -> Money:
    """Stripe's integer of smallest units (with Stripe's own special cases) as Money."""
    code = currency.upper()
    return Money(Decimal(amount).scaleb(-stripe_decimals_of(code)), code)


def plain(number: Decimal, currency: str | None) -> str:
    """`number` as text in the currency's own number of decimals, never in exponent form; more decimals are kept.

    Of a currency that nobody knows (None or empty) it has the digits that it came with.
    """
    if not currency:
        return f"{number:f}"
    places = decimals_of(currency)
    return f"{number:.{places}f}" if fits(number, places) else f"{number:f}"


def written_out(number: Decimal) -> str:
    """All digits of a number, such as an exchange rate, without an exponent."""
    return f"{number:f}"


def fits(number: Decimal, places: int) -> bool:
    """True when `number` is exact with `places` decimals."""
    return number == round_half_up(number, places)


def round_half_up(number: Decimal, places: int = 2) -> Decimal:
    """Half-up rounding, the one that QBO uses for Qty x UnitPrice (fault 6070)."""
    return _HALF_UP.quantize(number, _unit(places))


@cache
def _unit(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of `amounts`, Decimal 0 for none."""
    return sum(amounts, Decimal(0))


def split(whole: Decimal, weights: Sequence[Decimal], places: int = 2) -> tuple[Decimal, ...]:
    """`whole` in parts proportional to `weights`; the parts are exact to `places` and add up to `whole`.

    What rounding leaves over goes, a unit each, to the parts that rounding hurt most (largest remainder; ties to
    the earlier part). All-zero weights count as equal ones. ValueError without weights; UnmappableEvent when
    `whole` itself, which a source may have written, has more decimals than `places`.
    """
    if not weights:
        raise ValueError("cannot split over no parts")
    if not fits(whole, places):
        raise UnmappableEvent(f"{whole} is not exact to {places} decimals")
    base = total(weights)
    shares = [Decimal(1)] * len(weights) if base == 0 else list(weights)
    base = total(shares)
    unit = Decimal(1).scaleb(-places)
    with localcontext() as context:
        context.prec = 60
        exact = [whole * share / base for share in shares]
        floored = [(part // unit) * unit for part in exact]
        left = int((whole - total(floored)) / unit)
        order = sorted(range(len(exact)), key=lambda i: (-(abs(exact[i] - floored[i])), i))
        step = unit if left >= 0 else -unit
        for index in range(abs(left)):
            floored[order[index % len(order)]] += step
    return tuple(floored)
