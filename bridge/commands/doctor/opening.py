"""What was open on the day on which the books start, as far as the events tell it. Pure.

The events are mapped as if the books had no start, and what is dated before it is added up: what buyers still owed,
what lay with the processors, what gift cards were sold and redeemed for. What happened before the first event is told
by nobody here.
"""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

from bridge.decoding.decision import MappedRecord
from contracts.containment import contained
from contracts.envelope import Envelope
from contracts.errors import RecordError
from contracts.keys import SourceKey
from contracts.money import plain
from contracts.posting import Intent, PostingPlan, PostingStep
from contracts.quickbooks import (
    CreditMemoDraft,
    DepositDraft,
    InvoiceDraft,
    JournalEntryDraft,
    PaymentDraft,
    RedemptionDraft,
    RefundReceiptDraft,
    SalesReceiptDraft,
)
from mappings.account_rule import AccountRule
from mappings.accounts import CLEARING, deposit_account
from mappings.items import gift_card_item
from mappings.registry import map_event
from mappings.rules import MappingRules
from mappings.start import opening_clearing

D = TypeVar("D")
IN_TRANSIT = "clearing: "
RECEIVABLES, GIFT_CARDS, STORE_CREDIT = "receivables", "gift_cards", "store_credit"
_TAKEN_BACK = frozenset({Intent.VOID, Intent.WITHDRAWN, Intent.UNDONE, Intent.REVERSED, Intent.LEFT_OUT})


@dataclass(frozen=True, slots=True)
class OpeningFigure:
    """One sum of the opening entry; `amount` is None where nothing tells it. `said` is where the sum comes from."""

    what: str
    currency: str
    amount: Decimal | None
    said: str


@dataclass(slots=True)
class _Sale:
    """The newest word on a sale before the start; `is_paid` for one that was booked with its money."""

    version: int
    total: Decimal
    currency: str
    gift_cards: Decimal
    is_paid: bool
    is_taken_back: bool
    is_known: bool
    """False when the first that is told of it is from after the start: then nobody says what was open on the day."""


class OpeningSums:
    """Adds up what is dated before `start`. `rules` are the company's without their start."""

    def __init__(self, start: date, rules: MappingRules) -> None:
        self._start = start
        self._start_s = datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp()
        self._gift_card = gift_card_item(rules).key
        several = [(each, name) for each in rules.of_each_shop() for name in (*CLEARING, *each.gateways)]
        gateways = [deposit_account(each, name) for each, name in several]
        self._started = _with_start(rules, start)
        self._clearing = {each.name for each in gateways if each.name is not None}
        self._sales: dict[SourceKey, _Sale] = {}
        self._payments: dict[SourceKey, PaymentDraft] = {}
        self._received_by_body: dict[SourceKey, tuple[int, PaymentDraft | RedemptionDraft]] = {}
        self._credited: dict[SourceKey, CreditMemoDraft] = {}
        self._refunded: dict[SourceKey, RefundReceiptDraft] = {}
        self._redeemed: dict[SourceKey, RedemptionDraft] = {}
        self._deposits: dict[tuple[SourceKey, tuple[int, int] | None], DepositDraft] = {}
        self._at_start: dict[tuple[SourceKey, tuple[int, int] | None], DepositDraft] = {}
        """The same payouts as the books will have them, which take rows of before the start out of another account."""
        self._entries: dict[SourceKey, JournalEntryDraft] = {}
        self._undone: set[SourceKey] = set()
        self.refused: Counter[str] = Counter()
        """Records that cannot be mapped, by reason code: what they tell is not in the figures."""
        self.since: datetime | None = None
        """When the first event happened, of those that were read and say when."""
        self.events = 0
        """How many were read, whether or not they book anything."""

    def add(self, _read: object, mapped: Iterable[MappedRecord]) -> None:
        """Take in what the company's records of a micro-batch mean; those that book nothing tell nothing."""
        for each in mapped:
            self.events += 1
            moment = each.envelope.occurred_at if each.envelope else None
            if moment is not None and (self.since is None or moment < self.since):
                self.since = moment
            match each.decision:
                case RecordError() as error:
                    self.refused[error.code] += 1
                case PostingPlan(steps=steps):
                    for step in steps:
                        self._take(step)
                    if each.envelope and any(isinstance(step.draft, DepositDraft) for step in steps):
                        self._take_at_start(each.envelope)

    @property
    def first_event(self) -> str:
        """When the first event happened, in words: a body without its headers does not say."""
        if self.since is not None:
            return f"The first event that is kept happened on {self.since:%Y-%m-%d}"
        return "The events do not say when they happened" if self.events else "The topics hold no events"

    def _take(self, step: PostingStep) -> None:
        draft, key = step.draft, step.key
        if step.intent in _TAKEN_BACK and not isinstance(draft, InvoiceDraft):
            self._undone.add(key)
        match draft:
            case InvoiceDraft():
                self._take_sale(step, draft, is_paid=False)
            case SalesReceiptDraft(sale=sale):
                self._take_sale(step, sale, is_paid=True)
            case PaymentDraft() | RedemptionDraft() if step.intent is Intent.RECEIVED and step.version is not None:
                known = self._received_by_body.get(draft.invoice)
                if self._is_before(draft.txn_date) and (known is None or known[0] < step.version.updated_at):
                    self._received_by_body[draft.invoice] = (step.version.updated_at, draft)
            case PaymentDraft() if self._is_before(draft.txn_date):
                self._payments[key] = draft
            case CreditMemoDraft() if self._is_before(draft.txn_date):
                self._credited[key] = draft
            case RefundReceiptDraft() if self._is_before(draft.txn_date):
                self._refunded[key] = draft
            case RedemptionDraft() if self._is_before(draft.txn_date):
                self._redeemed[key] = draft
            case JournalEntryDraft() if self._is_before(draft.txn_date):
                self._entries[key] = draft
            case DepositDraft():
                self._deposits[key, draft.part] = draft

    def _take_at_start(self, payout: Envelope) -> None:
        with contextlib.suppress(RecordError), contained():
            decision = map_event(payout, self._started)
            for step in decision.steps if isinstance(decision, PostingPlan) else ():
                if isinstance(step.draft, DepositDraft):
                    self._at_start[step.key, step.draft.part] = step.draft

    def _take_sale(self, step: PostingStep, draft: InvoiceDraft, *, is_paid: bool) -> None:
        """Of two versions the newer one that was there before the start counts, else the older one."""
        if not self._is_before(draft.txn_date):
            return
        version = step.version.updated_at if step.version else 0
        known = self._sales.get(step.key)
        if known is not None and self._rank(known.version) >= self._rank(version):
            return
        cards = sum((line.amount for line in draft.lines if line.item == self._gift_card), Decimal(0))
        taken_back, is_known = step.intent in _TAKEN_BACK, version < self._start_s
        self._sales[step.key] = _Sale(version, draft.total, draft.currency, cards, is_paid, taken_back, is_known)

    def _rank(self, version: int) -> tuple[bool, float]:
        before = version < self._start_s
        return before, version if before else -version

    def _is_before(self, day: date) -> bool:
        return day < self._start

    # The figures -------------------------------------------------------------------------------------------------

    def figures(self) -> Iterator[OpeningFigure]:
        """The sums, by what they are and by currency; gift cards are never known from events alone."""
        yield from self._receivables()
        yield from self._in_transit()
        yield from self._gift_cards()

    def _receivables(self) -> Iterator[OpeningFigure]:
        paid = self._paid()
        owed: dict[str, list[Decimal]] = defaultdict(list)
        unknown = 0
        for key, sale in self._sales.items():
            left = sale.total - paid[key]
            if sale.is_taken_back or sale.is_paid or left <= 0:
                continue
            if sale.is_known:
                owed[sale.currency].append(left)
            else:
                unknown += 1
        for code, amounts in sorted(owed.items()):
            yield OpeningFigure(RECEIVABLES, code, sum(amounts, Decimal(0)), f"{len(amounts)} sales not paid in full")
        if unknown:
            # because a sale of which only later words are kept may have been paid before them
            yield OpeningFigure(RECEIVABLES, "", None, f"{unknown} sales of which only later events are kept")
        elif not owed:
            yield OpeningFigure(RECEIVABLES, "", Decimal(0), "no sale that the events tell was open")

    def _paid(self) -> dict[SourceKey, Decimal]:
        """What each sale was paid and credited: its own transactions, or what its body tells where that is more."""
        paid: dict[SourceKey, Decimal] = defaultdict(Decimal)
        for payment in self._lasting(self._payments):
            paid[payment.invoice] += payment.amount
        for card in self._lasting(self._redeemed):
            paid[card.invoice] += card.amount
        for sale, (_, received) in self._received_by_body.items():
            paid[sale] = max(paid[sale], received.amount)
        for memo in self._lasting(self._credited):
            paid[memo.credit_of] += memo.total
        return paid

    def _lasting(self, found: Mapping[SourceKey, D]) -> list[D]:
        """What was not taken back later."""
        return [draft for key, draft in found.items() if key not in self._undone]

    def _in_transit(self) -> Iterator[OpeningFigure]:
        """What came into each clearing account less what was handed back and paid out before the start."""
        in_transit: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for account, code, amount in (*self._brought(), *self._drawn(), *self._kept()):
            in_transit[account, code] += amount
        for (account, code), amount in sorted(in_transit.items()):
            yield OpeningFigure(f"{IN_TRANSIT}{account}", code, amount, "less the fees that events tell so far")

    def _brought(self) -> Iterator[tuple[str, str, Decimal]]:
        own = {each.invoice for each in self._lasting(self._payments)}
        others = (draft for sale, (_, draft) in self._received_by_body.items() if sale not in own)
        by_body = [draft for draft in others if isinstance(draft, PaymentDraft)]
        for draft in (*self._lasting(self._payments), *by_body):
            if draft.deposit_to.name in self._clearing:
                yield str(draft.deposit_to.name), draft.currency, draft.amount
        for refund in self._lasting(self._refunded):
            if refund.deposit_to.name in self._clearing:
                yield str(refund.deposit_to.name), refund.currency, -refund.total

        for entry in self._lasting(self._entries):
            for line in entry.lines:
                if line.account.name in self._clearing:
                    yield str(line.account.name), entry.currency, line.amount if line.side == "Debit" else -line.amount

    def _drawn(self) -> Iterator[tuple[str, str, Decimal]]:
        for draft in self._deposits.values():
            if draft.clearing is None or not self._is_before(draft.txn_date) or draft.returned is not None:
                continue
            yield str(draft.clearing.name), draft.currency, -_principal(draft)

    def _kept(self) -> Iterator[tuple[str, str, Decimal]]:
        """What payouts since tell of rows from before the start, beside what others tell: fees, loans, bills."""
        opening = opening_clearing(self._started)
        for place, draft in self._at_start.items():
            whole = self._deposits[place]
            if whole.clearing is None or whole.returned is not None:
                continue
            near = [each.net for each in draft.near_start if each.is_before]
            net = sum((line.amount for line in draft.lines if line.account == opening), sum(near, Decimal(0)))
            later = sum((each.amount for each in draft.near_start if not each.is_before), _principal(draft))
            yield str(whole.clearing.name), whole.currency, net - (_principal(whole) - later)

    def _gift_cards(self) -> Iterator[OpeningFigure]:
        sold: dict[str, Decimal] = defaultdict(Decimal)
        for sale in self._sales.values():
            if not sale.is_taken_back:
                sold[sale.currency] += sale.gift_cards
        redeemed: dict[str, Decimal] = defaultdict(Decimal)
        for card in self._cards():
            redeemed[card.currency] += card.amount
        codes = sorted(code for code in {*sold, *redeemed} if sold[code] or redeemed[code])
        sums = [f"{plain(sold[code], code)} {code} sold and {plain(redeemed[code], code)} redeemed" for code in codes]
        said = "; ".join(("events tell no balances", *sums))
        yield OpeningFigure(GIFT_CARDS, "", None, said)
        yield OpeningFigure(STORE_CREDIT, "", None, "events tell no balances")

    def _cards(self) -> Iterator[RedemptionDraft]:
        """What gift cards paid, each sale by its own transactions, else by its body: it tells the same once more."""
        by_itself = self._lasting(self._redeemed)
        yield from by_itself
        own = {card.invoice for card in by_itself}
        for sale, (_, draft) in self._received_by_body.items():
            if isinstance(draft, RedemptionDraft) and sale not in own:
                yield draft


def _principal(draft: DepositDraft) -> Decimal:
    """What a payout takes out of the clearing account."""
    lines = (line.amount for line in draft.lines if line.account == draft.clearing)
    return sum((each.amount for each in draft.payments), sum(lines, Decimal(0)))


def _with_start(rules: MappingRules, start: date) -> MappingRules:
    """The rules as they are with their start, and with an account for what earlier books hold of payouts."""
    named = AccountRule(name="in transit at the start")
    accounts = rules.accounts.model_copy(update={"opening_clearing": named})
    return rules.changed(books_start=start, accounts=accounts)


def with_given(figures: Iterable[OpeningFigure], given: Iterable[OpeningFigure]) -> list[OpeningFigure]:
    """The figures, those that a person has given instead of what the events tell of the same."""
    known = list(given)
    named = {each.what for each in known}
    return [*(each for each in figures if each.what not in named), *known]
