"""What a payout is made of, whoever pays it out: money of sales, what lies beside it, and lines of its own.

Facts that other events may tell too are booked under their own keys against the clearing account, so the deposit only
carries money from there to the bank; what no other event tells is a line of the deposit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from contracts.entities import EntityName
from contracts.keys import SourceKey
from contracts.money import round_half_up, total
from contracts.posting import Intent, PostingStep
from contracts.quickbooks import (
    AccountSelector,
    DepositDraft,
    DepositedPayment,
    DepositLine,
    MovedMoney,
    RowNearStart,
)
from mappings.accounts import account, deposit_account, exchange_differences
from mappings.entries import NOWHERE, FeePlace, Movement, entry
from mappings.rules import MappingRules

FAILED = frozenset({"failed", "canceled", "cancelled"})
"""The statuses of a payout whose money is not in the bank, in both spellings that sources use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOut:
    """A payout as its source tells it: `gateway` names its clearing account, `source` is what people call it.

    `returned` is the day on which it came back, or was found never to have gone out. `part` is which of how many.
    """

    key: SourceKey
    currency: str
    amount: Decimal
    day: date
    gateway: str
    source: str
    returned: date | None = None
    part: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedBy:
    """Which document has moved the money of a row, as `contracts/transfers.py:MovedMoney` names it."""

    entity: EntityName
    document: SourceKey | None = None
    sale: SourceKey | None = None
    reference: str | None = None


@dataclass(slots=True)
class PayoutParts:
    """The rows of a payout told apart. `fee_place` is where its fees belong, `rates` those of charges."""

    fee_place: FeePlace = NOWHERE
    rates: dict[SourceKey, Decimal] = field(default_factory=dict)
    refunds: list[DepositedPayment] = field(default_factory=list)
    payments: dict[SourceKey, Decimal] = field(default_factory=dict)
    sales: dict[SourceKey, SourceKey] = field(default_factory=dict)
    orders: dict[SourceKey, None] = field(default_factory=dict)
    elsewhere: dict[str, Decimal] = field(default_factory=dict)
    moved_by: list[tuple[str, Decimal, MovedBy]] = field(default_factory=list)
    lines: list[DepositLine] = field(default_factory=list)
    entries: list[PostingStep] = field(default_factory=list)
    links: list[tuple[SourceKey, SourceKey]] = field(default_factory=list)
    months: dict[date, dict[AccountSelector, Decimal]] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    near_start: list[RowNearStart] = field(default_factory=list)

    def note_row(self, name: str, kind: str, amount: Decimal, net: Decimal) -> None:
        """What a row says, whatever becomes of it: another telling of the payout is compared with it."""
        self.rows.append(f"{name} {kind} {amount.normalize():f} {net.normalize():f}")

    def moved_elsewhere(self, why: str, amount: Decimal, by: MovedBy | None = None) -> None:
        """Money that other documents brought into the clearing account, or took out of it; `by` which, where known."""
        self.elsewhere[why] = self.elsewhere.get(why, Decimal(0)) + amount
        if by is not None and amount:
            self.moved_by.append((why, amount, by))

    def brings(
        self, payment: SourceKey, amount: Decimal, sale: SourceKey | None = None, rate: Decimal | None = None
    ) -> None:
        """One more row of a payment; `rate` is what the processor exchanged it at, of several rows that of them all."""
        before, rate_before = self.payments.get(payment, Decimal(0)), self.rates.get(payment)
        self.payments[payment] = before + amount
        if rate is not None:
            several = rate_before is not None and rate_before != rate and before + amount
            own = before / (rate_before or rate) + amount / rate
            self.rates[payment] = round_half_up((before + amount) / own, 12) if several and own else rate
        if sale is not None:
            self.sales[payment] = sale
            self.orders[sale] = None

    def line(self, selector: AccountSelector, amount: Decimal, why: str) -> None:
        """A row that no other event tells."""
        if amount:
            self.lines.append(DepositLine(account=selector, amount=amount, description=why))

    def fee(self, selector: AccountSelector, fee: Decimal, why: str, earlier: date | None = None) -> None:
        """A fee that no other event tells; of an `earlier` month it is an entry of its own there."""
        if not fee:
            return
        if earlier is None:
            self.lines.append(self.fee_line(selector, fee, why))
            return
        month = self.months.setdefault(earlier, {})
        month[selector] = month.get(selector, Decimal(0)) + fee

    def fee_line(self, selector: AccountSelector, fee: Decimal, why: str) -> DepositLine:
        """A fee as a line of the deposit."""
        by_class, location = self.fee_place
        return DepositLine(account=selector, amount=-fee, description=why, tracking_class=by_class, location=location)


def payout_steps(paid: PaidOut, parts: PayoutParts, rules: MappingRules) -> tuple[PostingStep, ...]:
    """The facts that its rows tell, and the deposit (below zero an entry). UnbalancedDocument unless they add up."""
    clearing = deposit_account(rules, paid.gateway)
    months = [_month_entry(paid, parts, last, clearing, rules) for last in sorted(parts.months)]
    for last, fees in sorted(parts.months.items()):
        parts.moved_elsewhere(f"Fees of {last:%Y-%m}", -total(fees.values()))
    draft = DepositDraft(
        txn_date=paid.day,
        currency=paid.currency,
        deposit_to=account(rules, "payouts"),
        payments=tuple(
            DepositedPayment(payment=each, amount=amount, sale=parts.sales.get(each), rate=parts.rates.get(each))
            for each, amount in parts.payments.items()
            if amount
        ),
        lines=(*_elsewhere_lines(parts, clearing, paid.source), *parts.lines),
        total=paid.amount,
        clearing=clearing,
        orders=tuple(parts.orders),
        exchange_rate=rules.exchange_rates.get(paid.currency),
        part=paid.part,
        returned=paid.returned,
        refunds=tuple(parts.refunds),
        exchange=exchange_differences(rules),
        rows=tuple(parts.rows),
        near_start=tuple(parts.near_start),
        moved=tuple(_moved(parts, clearing, paid.source)),
    )
    if paid.part is None and (draft.payments or draft.lines or draft.near_start):
        draft.must_add_up()
    entity: EntityName = "JournalEntry" if paid.amount < 0 else "Deposit"
    step = PostingStep(key=paid.key, entity=entity, intent=Intent.FACT, draft=draft, name="payout")
    return (*dict.fromkeys((*parts.entries, *months)), step)


def _elsewhere_lines(parts: PayoutParts, clearing: AccountSelector, source: str) -> tuple[DepositLine, ...]:
    return tuple(_elsewhere_line(why, amount, clearing, source) for why, amount in parts.elsewhere.items() if amount)


def _elsewhere_line(why: str, amount: Decimal, clearing: AccountSelector, source: str) -> DepositLine:
    return DepositLine(account=clearing, amount=amount, description=f"{why} ({source})")


def _moved(parts: PayoutParts, clearing: AccountSelector, source: str) -> Iterator[MovedMoney]:
    for why, amount, by in parts.moved_by:
        line = _elsewhere_line(why, amount, clearing, source)
        yield MovedMoney(entity=by.entity, line=line, document=by.document, sale=by.sale, reference=by.reference)


def _month_entry(
    paid: PaidOut, parts: PayoutParts, last: date, clearing: AccountSelector, rules: MappingRules
) -> PostingStep:
    """The fees of an earlier month on its last day; on the payout's own where that month is closed."""
    why = f"Fees of {last:%Y-%m} in {paid.source} payout {paid.key.id}"
    ident = f"{paid.key.id}.{last:%Y-%m}" + (f".{paid.part[0]}" if paid.part else "")
    key = SourceKey(paid.key.system, paid.key.kind, ident)
    fees = parts.months[last]
    moves = [Movement(selector, fee, why, parts.fee_place) for selector, fee in fees.items()]
    kept = Movement(clearing, -total(fees.values()), why)
    return entry(key, last, paid.currency, (*moves, kept), rules, name="fees", otherwise=paid.day)


def earlier_month(day: date | None, paid_on: date, rules: MappingRules) -> date | None:
    """The last day of the month of a row of `day` that is an earlier one than the payout's, where the rules ask."""
    if not rules.payouts.fees_by_month or day is None or day >= paid_on.replace(day=1):
        return None
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
