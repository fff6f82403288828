"""What the events say of each payout: how often it was told, in how many parts, and what it moves. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bridge.index.index import Index
from bridge.index.paid_out import name_of, paid_out
from bridge.index.payment_links import share_key
from bridge.index.posted import Posted
from bridge.index.worth import NOTHING, is_exchanged, taken_by, worth_of
from contracts.keys import BODY_MONEY, SourceKey
from contracts.lists import AccountSelector
from contracts.money import total
from contracts.quickbooks import DepositDraft, DepositedPayment

EXCHANGE = ".exchange"
"""Behind the id of a refund that its payout had paid out before stands the entry of what the exchange has cost."""
RETURNED = ".returned"
"""Behind the id of a payout that came back stands the entry for it."""


@dataclass(frozen=True, slots=True)
class DatedMove:
    """What is brought to an account on a day; below zero what it gives."""

    day: date
    account: AccountSelector
    amount: Decimal


class PayoutRecords:
    """Every telling of each payout."""

    def __init__(self) -> None:
        self._drafts: dict[SourceKey, list[DepositDraft]] = {}

    def add(self, key: SourceKey, draft: DepositDraft) -> None:
        """One more telling."""
        self._drafts.setdefault(key, []).append(draft)

    def __contains__(self, key: object) -> bool:
        """True for a payout that an event tells."""
        return key in self._drafts

    def drawn_from(self, key: SourceKey, index: Index) -> set[str]:
        """The accounts, by Id, in which the books have the money of its rows: people move it, and rules change."""
        documents = (posted for each in self._rows_of(key) for posted in _money_of(each, index))
        return {posted.deposit_to for posted in documents if posted.deposit_to is not None}

    def _rows_of(self, key: SourceKey) -> set[SourceKey]:
        """What its rows are about: payments, refunds, the documents that moved their money, and their sales."""
        drafts = self._drafts.get(key, ())
        paid = {each.payment for draft in drafts for each in (*draft.payments, *draft.refunds)}
        moved = {name for draft in drafts for each in draft.moved for name in (each.document, each.sale) if name}
        return paid | moved | {order for draft in drafts for order in draft.orders}

    def is_returned(self, key: SourceKey) -> bool:
        """True where its newest word is that the money came back, or never went out."""
        return any(each.returned is not None for each in self._drafts.get(key, ()))

    def moves_nothing(self, key: SourceKey) -> bool:
        """True for one that came back and whose rows are all booked by their own events."""
        moves = self.in_all(key) if self.is_returned(key) else None
        if moves is None:
            return False
        sums: defaultdict[AccountSelector, Decimal] = defaultdict(Decimal)
        for each in moves:
            sums[each.account] += each.amount
        return not any(sums.values())

    def to_bank(self, key: SourceKey) -> list[DatedMove] | None:
        """What it moves when its money goes to the bank.

        None while parts of it, or which books hold its rows, are not told.
        """
        parts = self._parts(key)
        return None if parts is None else [_to_bank(parts[0]), *_of_rows(parts)]

    def never_out(self, key: SourceKey) -> list[DatedMove] | None:
        """What its rows move where its money never left the clearing account; None as for `to_bank`."""
        parts = self._parts(key)
        return None if parts is None else [*_of_rows(parts), _stays(parts[0])]

    def in_all(self, key: SourceKey) -> list[DatedMove] | None:
        """What all that was told of it moves, its coming back with it; None as for `to_bank`."""
        if not self.is_returned(key):
            return self.to_bank(key)
        drafts = self._drafts[key]
        if all(each.returned is not None for each in drafts):
            return self.never_out(key)
        moves = self.to_bank(key)
        back = next((each for each in drafts if each.returned is not None), None)
        return None if moves is None or back is None else [*moves, *moves_back(back)]

    def exchanged(self, key: SourceKey, index: Index, home: str) -> list[DatedMove]:
        """What it moves because the processor exchanged money at its own rate; `home` is the company's currency."""
        parts = self._parts(key) or []
        off = _exchanged(key, parts, index, home) if parts else Decimal(0)
        return [DatedMove(parts[0].txn_date, parts[0].clearing, off)] if off and parts[0].clearing is not None else []

    def _parts(self, key: SourceKey) -> list[DepositDraft] | None:
        parts = _whole(self._drafts.get(key, ()))
        if parts is None or any(each.near_start or each.clearing is None for each in parts):
            return None
        return parts


def _money_of(key: SourceKey, index: Index) -> Iterator[Posted]:
    """The document of this key, and what was paid and handed back of the sale of this key."""
    named = (index.get(entity, key) for entity in ("Payment", "RefundReceipt", "JournalEntry", "SalesReceipt"))
    yield from (posted for posted in named if posted is not None)
    yield from (*index.payments_of(key), *index.refunds_of(key))


def moves_back(draft: DepositDraft) -> list[DatedMove]:
    """What the entry of a payout that came back moves: its money lies in the clearing account again."""
    if draft.returned is None or draft.clearing is None:
        return []
    out_of_bank = DatedMove(draft.returned, draft.deposit_to, -draft.total)
    return [out_of_bank, DatedMove(draft.returned, draft.clearing, draft.total)]


def _exchanged(payout: SourceKey, parts: Sequence[DepositDraft], index: Index, home: str) -> Decimal:
    """What a payout brings beyond what it took of money of another currency, by what was noted of it."""
    rows: defaultdict[SourceKey, list[DepositedPayment]] = defaultdict(list)
    for part in parts if parts[0].currency == home else ():
        for each in (*part.payments, *part.refunds):
            rows[name_of(each.payment, failed=each.amount < 0)].append(each)
    off = Decimal(0)
    for name, several in rows.items():
        noted = paid_out(index, name)
        taken = noted.payouts.get(str(payout)) if noted is not None else None
        if taken is not None:
            off += total(each.amount for each in several) - taken.worth
        else:
            off += total(_off_worth(each, index, home) for each in several)
    return off


def _off_worth(each: DepositedPayment, index: Index, home: str) -> Decimal:
    """What a row brings beyond what its documents are worth now; nothing was noted of it."""
    found = [*_of_payment(each, index)] if each.amount > 0 else [index.get("RefundReceipt", each.payment)]
    live = [posted for posted in found if posted is not None and is_exchanged(posted, home, home)]
    # because of a refund that was told after the payout an entry of its own has the difference
    if not live or (each.amount < 0 and _has_entry(each.payment, index)):
        return Decimal(0)
    there = worth_of(live, home, 1 if each.amount > 0 else -1)
    return each.amount - taken_by(each, there, NOTHING).worth


def _of_payment(each: DepositedPayment, index: Index) -> Iterator[Posted | None]:
    """The payment that the books have for a row; of a charge over several invoices each share."""
    body = SourceKey(each.sale.system, BODY_MONEY, each.sale.id) if each.sale is not None else each.payment
    yield index.get("Payment", each.payment) or index.get("Payment", body)
    for document in index.payment_links.documents_of(each.payment):
        yield index.get("Payment", share_key(each.payment, document))


def _has_entry(refund: SourceKey, index: Index) -> bool:
    entry = SourceKey(refund.system, refund.kind, f"{refund.id}{EXCHANGE}")
    return index.get("JournalEntry", entry) is not None or index.identities.of("JournalEntry", entry) is not None


def key_of_return(payout: SourceKey) -> SourceKey:
    """The key of the entry by which a payout that was in the bank came back."""
    return SourceKey(payout.system, payout.kind, f"{payout.id}{RETURNED}")


def _whole(drafts: Sequence[DepositDraft]) -> list[DepositDraft] | None:
    """The telling with all rows, or all parts of it."""
    rows = [each for each in drafts if each.payments or each.lines or each.near_start]
    alone = [each for each in rows if each.part is None]
    if alone:
        return [alone[0]]
    parts = {each.part: each for each in rows if each.part is not None}
    of = max((number for _, number in parts), default=0)
    found = [parts[number, of] for number in range(1, of + 1) if (number, of) in parts]
    return found if of and len(found) == of else None


def _to_bank(first: DepositDraft) -> DatedMove:
    return DatedMove(first.txn_date, first.deposit_to, first.total)


def _stays(first: DepositDraft) -> DatedMove:
    return DatedMove(first.txn_date, first.clearing or first.deposit_to, first.total)


def _of_rows(parts: Sequence[DepositDraft]) -> Iterator[DatedMove]:
    """What comes out of the clearing account, and what its lines bring elsewhere."""
    first = parts[0]
    for part in parts:
        brought = sum((each.amount for each in part.payments), Decimal(0))
        yield DatedMove(first.txn_date, first.clearing or first.deposit_to, -brought)
        yield from (DatedMove(first.txn_date, line.account, -line.amount) for line in part.lines)
