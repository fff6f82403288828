"""Money of another currency in a payout: what the processor made of it, against what the books say it is worth. Pure.

A document carries the rate of its own day, and a processor exchanges at one of its own. Without the difference between
the two the rest would lie in the clearing account for ever. What a payout has taken of each document is noted as soon
as the payout is written, so that what is told or changed behind it is settled by an entry of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from bridge.index.paid_out import NotedPayouts, name_of, paid_out
from bridge.index.payment_links import charge_of_share, share_key
from bridge.index.posted import Posted, order_fact, order_of
from bridge.index.worth import NOTHING, Taken, is_exchanged, is_same, taken_by, worth_of
from bridge.planning.context import PlanningContext
from bridge.planning.steps import PlannedStep, StepId, Waiting
from contracts.entities import EntityName
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.money import total
from contracts.posting import Operation, Version
from contracts.quickbooks import (
    AccountDraft,
    AccountSelector,
    DepositDraft,
    DepositedPayment,
    DepositLine,
    JournalEntryDraft,
    JournalLine,
)

OWN_ACCOUNT = AccountDraft(
    name="Exchange differences", account_type="Other Expense", sub_type="OtherMiscellaneousExpense"
)
Sides = tuple[Literal["Debit", "Credit"], Literal["Debit", "Credit"]]
EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What a row of a payout takes of a document of another currency; noted under `name`, where it is."""

    name: SourceKey | None
    taken: Taken


def unknown_worth(context: PlanningContext, entity: EntityName, key: SourceKey, draft: DepositDraft) -> bool:
    """True for money of another currency that this micro-batch writes: what it is worth shows once it is written.

    At the processor's own rate too: QuickBooks rounds each document, the processor the whole.
    """
    step = context.steps.get(StepId(entity, key))
    if step is None or draft.currency != context.profile.home_currency:
        return False
    return getattr(step.draft, "currency", draft.currency) != draft.currency


def without_worth(context: PlanningContext, draft: DepositDraft) -> Waiting | None:
    """What a payout waits for whose refunds of another currency, or other payouts of it, this micro-batch writes."""
    rows = [*draft.payments, *draft.refunds] if draft.currency == context.profile.home_currency else []
    for each in rows:
        if _is_being_noted(context, _name_of(each)):
            context.ask_again()
            return Waiting(f"another payout of {each.payment} is not in the books yet")
    for each in draft.refunds:
        names = _names(context, each.payment, is_back=each.amount < 0)
        if any(unknown_worth(context, entity, key, draft) for entity, key in names):
            context.ask_again()
            return Waiting(f"the refund {each.payment} is not in the books yet")
    return None


def of_payment(
    context: PlanningContext, payout: SourceKey, posted: Posted | None, each: DepositedPayment, draft: DepositDraft
) -> Exchanged | None:
    """What a row takes of the payment `posted`; None where nothing was exchanged."""
    name, home = _name_of(each), context.profile.home_currency
    if posted is None and each.rate is not None and draft.currency == home:
        return _never_booked(context, payout, each, ())
    if posted is None or not is_exchanged(posted, draft.currency, home):
        return None
    if each.sale is not None:
        # because a shop's order is paid out whole, and nothing of it is shared out behind its payout
        return Exchanged(None, worth_of([posted], home))
    if each.own is not None:
        # because a charge over several invoices is worth what each share was rounded to
        return Exchanged(name, worth_of([posted], home))
    others = [found for found in _documents(context, each.payment, is_back=False) if found.id != posted.id]
    there = worth_of([posted, *others], home)
    return Exchanged(name, taken_by(each, there, _before(context, payout, name)))


def of_refund(
    context: PlanningContext,
    payout: SourceKey,
    each: DepositedPayment,
    draft: DepositDraft,
    earlier: Iterable[Exchanged],
) -> Exchanged | None:
    """What a row takes of money that was handed back or came back, or of what did not last; None for home currency.

    `earlier` is what other rows of the same payout have taken.
    """
    if draft.currency != context.profile.home_currency:
        return None
    is_back, name = _is_back(each), _name_of(each)
    found = _documents(context, each.payment, is_back=is_back)
    there = worth_of(found, draft.currency, -1 if is_back else 1)
    taken = taken_by(each, there, _before(context, payout, name))
    if each.payment.kind == "charge" and not found and not _documents(context, each.payment, is_back=not is_back):
        return _never_booked(context, payout, each, earlier)
    return Exchanged(name, taken)


def _never_booked(
    context: PlanningContext, payout: SourceKey, each: DepositedPayment, earlier: Iterable[Exchanged]
) -> Exchanged:
    """A row of a debit of which nothing is booked: what its other row has moved, or what it moves itself."""
    name, other = _name_of(each), name_of(each.payment, failed=each.amount > 0)
    taken = taken_by(each, NOTHING, _before(context, payout, name))
    rows = (one.taken for one in earlier if one.name == other)
    moved = sum(rows, _before(context, payout, other))
    # because nothing may ever say what it is worth, and it came back at another rate
    return Exchanged(name, replace(taken, worth=-moved.worth or taken.worth))


def difference(
    context: PlanningContext,
    taken: Exchanged | None,
    each: DepositedPayment,
    account: AccountSelector,
    draft: DepositDraft,
) -> list[DepositLine]:
    """The lines that move what a row brings beyond what is `taken` out of `account`; none without any."""
    off = Decimal(0) if taken is None else each.amount - taken.taken.worth
    if not off:
        return []
    where = _account(context, draft.exchange)
    return [
        DepositLine(account=account, amount=-off, description="Exchanged at another rate"),
        DepositLine(account=where, amount=off, description="Exchange difference"),
    ]


def noted(
    context: PlanningContext, payout: SourceKey, draft: DepositDraft, exchanged: list[Exchanged]
) -> dict[SourceKey, Version]:
    """What holds of each document once the payout is written, for the journal."""
    sums: dict[SourceKey, Taken] = {}
    for each in exchanged:
        if each.name is not None:
            sums[each.name] = sums.get(each.name, NOTHING) + each.taken
    if not sums:
        return {}
    where = _account(context, draft.exchange)
    new = NotedPayouts(
        currency=draft.currency, account=None if where.made is not None else context.profile.account_id(where)
    )
    known = {name: paid_out(context.index, name) or new for name in sums}
    return {name: known[name].taken_by(payout, taken).version() for name, taken in sums.items()}


def plan_late_difference(context: PlanningContext, document: SourceKey, position: int, *, is_back: bool) -> None:
    """The difference of what was told, shared out or taken back behind the payout: an entry of its own."""
    name = name_of(document, failed=is_back)
    before = paid_out(context.index, name)
    if before is None:
        return
    names = set(_names(context, document, is_back=is_back))
    is_written = _is_being_noted(context, name)
    if is_written or any(
        (step.entity, step.key) in names or charge_of_share(step.key) == document for step in context.steps
    ):
        context.ask_again()  # because only once it is written its rate, and with it its worth, is known
        return
    found = _documents(context, document, is_back=is_back)
    there = worth_of(found, before.currency, -1 if is_back else 1)
    entry = _entry(document, before, is_back=is_back)
    if not found or before.is_taken_back or context.index.get("JournalEntry", entry) is not None:
        return
    if not is_same(there.own, before.taken.own):
        return  # because another row of it is still to be paid out
    gap = there.worth - before.taken.worth
    if gap and found[0].deposit_to is not None:
        _write(context, position, found[0], entry, before, gap, name)


def _write(
    context: PlanningContext,
    position: int,
    posted: Posted,
    entry: SourceKey,
    before: NotedPayouts,
    gap: Decimal,
    name: SourceKey,
) -> None:
    """`gap` is what `posted` is worth beyond what payouts took of it: it leaves the clearing account."""
    own = AccountSelector(rule="accounts.exchange", name=OWN_ACCOUNT.name, made=OWN_ACCOUNT)
    where = own if before.account is None else AccountSelector(rule="accounts.exchange", id=before.account)
    sides: Sides = ("Debit", "Credit") if gap > 0 else ("Credit", "Debit")
    said = f"Exchange difference of {posted.key.kind} {posted.key.id}"
    clearing = AccountSelector(rule="accounts.deposit", id=posted.deposit_to)
    lines = (
        JournalLine(side=sides[0], account=where, amount=abs(gap), description=said),
        JournalLine(side=sides[1], account=clearing, amount=abs(gap), description=said),
    )
    sale = order_of(posted)
    day = posted.txn_date
    if day is None:
        raise TypeError(f"{posted.key}: a document of the books has a day")
    made = JournalEntryDraft(txn_date=day, currency=before.currency, lines=lines, sale=sale, place_of=sale)
    step = PlannedStep(
        id=StepId("JournalEntry", entry),
        operation=Operation.CREATE,
        owner=position,
        draft=made,
        marker_fields={MarkerField.SALE: order_fact(sale, of=entry)},
        notes={name: before.moved(gap).version()},
    )
    context.plan_write(step, [position])


def _entry(document: SourceKey, before: NotedPayouts, *, is_back: bool) -> SourceKey:
    """The key of the next entry: what is shared out several times has several."""
    failed = ".failed" if is_back and document.kind == "charge" else ""
    behind = f"-{before.entries + 1}" if before.entries else ""
    return SourceKey(document.system, document.kind, f"{document.id}{failed}.{EXCHANGE}{behind}")


def _is_back(each: DepositedPayment) -> bool:
    """True for a row of money that was handed back, or of what of it did not last."""
    return each.amount < 0 or each.payment.kind != "charge"


def _name_of(each: DepositedPayment) -> SourceKey:
    return name_of(charge_of_share(each.payment) or each.payment, failed=each.amount < 0)


def _is_being_noted(context: PlanningContext, name: SourceKey) -> bool:
    """True where this micro-batch writes what changes the note of this name."""
    return any(name in step.notes for step in context.steps.values())


def _before(context: PlanningContext, payout: SourceKey, name: SourceKey) -> Taken:
    found = paid_out(context.index, name)
    return NOTHING if found is None else found.without(payout).taken


def _documents(context: PlanningContext, document: SourceKey, *, is_back: bool) -> list[Posted]:
    """The live documents of the books that have moved this money, in another currency."""
    found = (context.index.get(entity, key) for entity, key in _names(context, document, is_back=is_back))
    live = [each for each in found if each is not None and not each.voided and each.exchange_rate is not None]
    if not is_back or all(each.total for each in live):
        return live
    # because QuickBooks shows some entries over 0; a debit that failed takes back all that came in by it
    whole = total(each.total for each in _documents(context, document, is_back=False))
    return [each if each.total else replace(each, total=whole) for each in live]


def _names(context: PlanningContext, document: SourceKey, *, is_back: bool) -> list[tuple[EntityName, SourceKey]]:
    """What may have moved the money of a charge or of a refund: of a charge over several invoices each share."""
    if is_back:
        return [("RefundReceipt", document), ("JournalEntry", document)]
    shares = (share_key(document, each) for each in context.index.payment_links.documents_of(document))
    return [("Payment", document), *(("Payment", each) for each in shares)]


def _account(context: PlanningContext, selector: AccountSelector | None) -> AccountSelector:
    """The rule's account, else QuickBooks' own, else one that the bridge makes. UnmappableEvent for a wrong rule."""
    if selector is None:
        raise UnmappableEvent("nothing says where exchange differences go: set the rule accounts.exchange")
    fitting = [each for each in context.profile.accounts.values() if each.sub_type == selector.sub_type]
    if selector.sub_type is None or fitting:
        return selector
    return AccountSelector(rule=selector.rule, name=OWN_ACCOUNT.name, made=OWN_ACCOUNT)
