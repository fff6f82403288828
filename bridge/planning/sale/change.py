"""Cash that was given back out of a payment: the payment becomes smaller by it, once. Pure.

`k` of the payment's marker remembers it: `9457:2.60`. Change that is told before its payment waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.index.posted import Posted
from bridge.planning.context import PlanningContext
from bridge.planning.grouping import by_key
from bridge.planning.named_twice import note_inside
from bridge.planning.refusals import conflict, known, rejected
from bridge.planning.sale.amounts import payment_of
from bridge.planning.sale.applying import applied_fact, change
from bridge.planning.sale.balance import OpenBalance
from bridge.planning.sale.state import FormedSale, GivenBack, SaleMoney
from bridge.planning.steps import AlreadyPosted, Claim, PlannedStep, Refused, StepId, StepResolution, Waiting, Write
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.marker import MarkerField, read_amount
from contracts.money import plain, total
from contracts.posting import Caution, Operation
from contracts.quickbooks import ChangeDraft, PaymentDraft

WAITS_FOR_PAYMENT = "the payment that this change was given back of is not in the books yet"
DEPOSITED = "lies on a deposit already, and change was given back out of it"
TOO_MUCH = "is less than the change that was given back out of it"
BELOW_TOTAL = Caution(
    "change_below_total",
    "With this change taken out the payments are below what the order asks for. Where the amount of "
    "its cash sale is without the change already, put the change back by hand.",
)


@dataclass(slots=True)
class _Found:
    """Where change belongs: payments that this micro-batch brings, and payments in the books."""

    unbooked: dict[SourceKey, tuple[Claim, ...]]
    booked: dict[SourceKey, GivenBack]


def less_change(context: PlanningContext, money: SaleMoney) -> SaleMoney:
    """`money` without the change that was given back; change that is nothing new, or that must wait, is resolved."""
    found = _Found({group[0].step.key: group for group in money.unbooked}, {})
    taken_out: list[int] = []
    for key, claims in by_key(money.claims.change):
        resolution = _place(context, money, key, claims, found)
        positions = [claim.position for claim in claims]
        if resolution is not None:
            context.resolve(positions, resolution)
        if resolution is None or isinstance(resolution, Write):
            taken_out += positions
    given = total(back.amount for back in found.booked.values())
    kept = money.booked - given + total(payment_of(group[0]).amount for group in found.unbooked.values())
    silent = money.sale.entity == "Invoice" and not money.current and money.body is None
    if taken_out and silent and kept < _asked(money):
        # because no page of Shopify says whether the amount of a cash sale has its change in it
        context.warn(taken_out, BELOW_TOTAL)
    return replace(
        money,
        unbooked=tuple(found.unbooked.values()),
        change=tuple(found.booked.values()),
        booked=money.booked - given,
    )


def _asked(money: SaleMoney) -> Decimal:
    """What the sale asks for, as it is written now or stands."""
    step, posted = money.sale.step, money.sale.posted
    if step is not None and step.total is not None:
        return step.total
    return posted.total if posted is not None else Decimal(0)


def write_change(context: PlanningContext, formed: FormedSale, balance: OpenBalance) -> OpenBalance:
    """Make the payments in the books smaller by the change that was given back of them."""
    for back in formed.money.change:
        payment, left = back.payment, back.payment.total - back.amount
        balance = balance.give_back(payment.applied)
        placed = balance.place(payment, left)
        balance = placed.balance
        before = payment.marker_fields.get(MarkerField.CHANGE)
        entries = [*([before] if before else []), *_entries(back.entries, formed.money.currency)]
        kept = {name: value for name, value in payment.marker_fields.items() if name != MarkerField.APPLIED}
        step = PlannedStep(
            id=StepId("Payment", payment.key),
            operation=Operation.UPDATE,
            owner=back.claims[0].position,
            target=payment,
            sale=formed.form.key,
            total=left,
            marker_fields={
                **kept,
                MarkerField.TOTAL: plain(left, formed.money.currency),
                MarkerField.CHANGE: ",".join(entries),
                **applied_fact(left, placed.counted, formed.money.currency),
            },
            applied=placed.applied,
            keeps_customer=placed.keeps_customer,
        )
        change(context, balance, step)
        for claim in back.claims:
            context.resolve([claim.position], Write(step.id, credited=claim is back.claims[0]))
    return balance


def change_fact(draft: PaymentDraft) -> dict[str, str]:
    """`k` of the marker of a new payment, nothing where no change was given back."""
    entries = _entries(draft.change, draft.currency)
    return {MarkerField.CHANGE: ",".join(entries)} if entries else {}


def _place(
    context: PlanningContext, money: SaleMoney, key: SourceKey, claims: Sequence[Claim], found: _Found
) -> StepResolution | None:
    """Take the change out of its payment in `found`; what becomes of it otherwise."""
    if money.sale.entity == "SalesReceipt":
        note_inside(context, [key], money.sale.key)
        return _inside(money)
    draft = _draft(claims[0])
    payments = {each.key: each for each in context.index.payments_of(money.sale.key) if each.key.kind == key.kind}
    done = next((each for each in payments.values() if key.id in _ids(each)), None)
    if done is not None:
        return AlreadyPosted(done)
    name = draft.payment or _greatest(payments, found)
    if name is not None and name in found.unbooked:
        return _less_unbooked(found, name, key, claims)
    posted = payments.get(name) if name else None
    if posted is None:
        voided = context.index.get("Payment", name) if name else None
        return known(voided) if voided is not None and voided.voided else Waiting(WAITS_FOR_PAYMENT)
    return _less_booked(found, posted, key, claims)


def _inside(money: SaleMoney) -> StepResolution | None:
    """A sales receipt holds what was received in the end."""
    if money.sale.step is not None:
        return Write(money.sale.step.id, credited=False)
    return AlreadyPosted(money.sale.posted) if money.sale.posted else Waiting(WAITS_FOR_PAYMENT)


def _less_unbooked(found: _Found, name: SourceKey, key: SourceKey, claims: Sequence[Claim]) -> StepResolution | None:
    group, amount = found.unbooked[name], _draft(claims[0]).amount
    paid = payment_of(group[0])
    if paid.amount <= amount:
        return Refused(UnmappableEvent(f"the payment {name} {TOO_MUCH}"))
    smaller = replace(paid, amount=paid.amount - amount, change=(*paid.change, (key.id, amount)))
    found.unbooked[name] = tuple(claim._replace(step=replace(claim.step, draft=smaller)) for claim in group)
    return Write(StepId("Payment", name), credited=False)


def _less_booked(found: _Found, posted: Posted, key: SourceKey, claims: Sequence[Claim]) -> StepResolution | None:
    before = found.booked.get(posted.key, GivenBack(posted, (), ()))
    amount = _draft(claims[0]).amount
    if not posted.total_unchanged:
        return Refused(conflict(posted), posted)
    if posted.deposited:
        # because QBO freezes what lies on a deposit, a person has to take it off there
        return Refused(rejected(posted, DEPOSITED), posted)
    if posted.total <= before.amount + amount or posted.applied_elsewhere > posted.total - before.amount - amount:
        return Refused(rejected(posted, TOO_MUCH), posted)
    found.booked[posted.key] = GivenBack(posted, (*before.entries, (key.id, amount)), (*before.claims, *claims))
    return None


def _greatest(payments: dict[SourceKey, Posted], found: _Found) -> SourceKey | None:
    """Of change that names no payment: the greatest one, the first of equals."""
    amounts = {key: posted.total for key, posted in payments.items()}
    amounts |= {key: payment_of(group[0]).amount for key, group in found.unbooked.items()}
    return max(sorted(amounts), key=lambda key: amounts[key], default=None)


def change_of(posted: Posted) -> Decimal:
    """How much change was given back out of a payment of the books."""
    said = posted.marker_fields.get(MarkerField.CHANGE, "")
    return total(amount for entry in said.split(",") if (amount := read_amount(entry.partition(":")[2])) is not None)


def _ids(posted: Posted) -> set[str]:
    return {entry.partition(":")[0] for entry in posted.marker_fields.get(MarkerField.CHANGE, "").split(",")}


def _entries(change_given: Sequence[tuple[str, Decimal]], currency: str) -> list[str]:
    return [f"{ident}:{plain(amount, currency)}" for ident, amount in change_given]


def _draft(claim: Claim) -> ChangeDraft:
    if not isinstance(claim.step.draft, ChangeDraft):
        raise TypeError(f"{claim.step.key}: change needs a ChangeDraft")
    return claim.step.draft
