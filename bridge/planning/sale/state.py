"""What is decided of one sale after each phase; each phase takes what the phase before it gives. Pure.

The states are frozen and differ in what they hold, so that a phase that is moved finds nothing to work on:
content -> money -> form -> payments -> credits -> refunds (`sales.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bridge.index.posted import Posted
from bridge.planning.sale.balance import OpenBalance
from bridge.planning.sale.shown import ShownSale
from bridge.planning.steps import Claim, Redeemed, Sale, SaleClaims
from contracts.errors import RecordError
from contracts.keys import SourceKey
from contracts.money import total


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleContent:
    """After *content*: the form that the newest body leaves, and all that is told of the sale."""

    sale: Sale
    claims: SaleClaims


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Change out of a payment in the books: each by its transaction, and what tells of it."""

    payment: Posted
    entries: tuple[tuple[str, Decimal], ...]
    claims: tuple[Claim, ...]

    @property
    def amount(self) -> Decimal:
        """All of it."""
        return total(amount for _, amount in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleMoney:
    """After *money*: what was received for the sale, nothing of it counted twice. `sale` is still without gift cards.

    `body` is the payment that is known from the order's body, `booked` what all other payments add up to. `unbooked`
    are the transactions that are not in the books yet, `cards` the gift cards that are not, each with all its claims.
    `current` are the newest bodies that tell money, `known_until` is the age of the newest before them.
    `received_by_body` is what they say was received, first told on `earliest_day`, `body_only` what of it only they
    tell. `redeemed` are the gift cards that the form must show in the end, `shown` is what a customer of another
    currency saw of the sale, `change` what was given back of payments in the books. With `refused` nothing of this
    money can be booked. Amounts are in `currency`.
    """

    sale: Sale
    claims: SaleClaims
    currency: str
    body: Posted | None
    booked: Decimal
    customer: SourceKey | None = None
    unbooked: tuple[tuple[Claim, ...], ...] = ()
    cards: tuple[tuple[Claim, ...], ...] = ()
    current: tuple[Claim, ...] = ()
    known_until: tuple[int, int] = (0, 0)
    received_by_body: Decimal = Decimal(0)
    earliest_day: date | None = None
    body_only: Decimal = Decimal(0)
    redeemed: tuple[Redeemed, ...] = ()
    shown: ShownSale | None = None
    change: tuple[GivenBack, ...] = ()
    refused: RecordError | None = None

    @property
    def changing(self) -> Posted | None:
        """The payment known from the body when it cannot stay as it is."""
        return self.body if self.body is not None and self.body_only != self.body.total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormedSale:
    """After *form*: the form as it will stand, gift cards and deliveries on it, and the money that it does not hold."""

    form: Sale
    money: SaleMoney


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidSale:
    """After *payments*: what its invoice can still take is for credit memos."""

    form: Sale
    claims: SaleClaims
    balance: OpenBalance


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditedSale:
    """After *credits*: nothing more goes on the invoice; what was handed back is left. `balance` says whose it is."""

    form: Sale
    claims: SaleClaims
    balance: OpenBalance
