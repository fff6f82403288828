"""Transactions that a payment which a person entered stands for already: they are not booked once more. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bridge.index.combined import noted_combined, read_combined
from bridge.index.posted import Posted
from bridge.planning.context import PlanningContext
from bridge.planning.sale.amounts import amount_of
from bridge.planning.steps import Claim
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.money import total


def combined_payment_of(context: PlanningContext, claim: Claim, sale: SourceKey) -> Posted | None:
    """The adopted payment of `sale` that the claim's transaction is inside of; None for one that is to be booked."""
    key = claim.step.key
    adopted = [each for each in context.index.payments_of(sale) if MarkerField.STANDS_FOR in each.marker_fields]
    if not adopted or key.kind != "transaction":
        return None
    noted = read_combined(context.versions[key]) if key in context.versions else None
    holder = noted[0] if noted is not None else context.index.combined.holder_of(key)
    if holder is not None:
        return next((each for each in adopted if each.key == holder), None)
    found = _with_room(context, [each for each in adopted if is_stand_in(each.key)], amount_of(claim))
    if found is not None:
        context.note_version(key, noted_combined(found.key, amount_of(claim)))
    return found


def partly_entered(context: PlanningContext, claim: Claim, sale: SourceKey, room: Decimal) -> Posted | None:
    """A payment that a person entered over less than the claim's transaction, which is a part of it or beside it.

    None where the sale has `room` for both: then they are two. `combined_payment_of` has found none that holds it.
    """
    if claim.step.key.kind != "transaction" or amount_of(claim) <= room:
        return None
    stand_ins = [each for each in context.index.payments_of(sale) if is_stand_in(each.key)]
    return next((each for each in stand_ins if _room(context, each) > 0), None)


def entered_payment_of(
    context: PlanningContext, transaction: SourceKey, sale: SourceKey, amount: Decimal
) -> Posted | None:
    """The payment that a person entered and that holds this transaction, told or not; None where none does."""
    stand_ins = [each for each in context.index.payments_of(sale) if is_stand_in(each.key)]
    noted = read_combined(context.versions[transaction]) if transaction in context.versions else None
    holder = noted[0] if noted is not None else context.index.combined.holder_of(transaction)
    if holder is not None:
        return next((each for each in stand_ins if each.key == holder), None)
    return _with_room(context, stand_ins, amount) if stand_ins else None


def _with_room(context: PlanningContext, stand_ins: Sequence[Posted], amount: Decimal) -> Posted | None:
    """The payment that holds this much money; the first of several that hold it together."""
    rooms = [_room(context, each) for each in stand_ins]
    # because a person may have entered in two what the source tells as one, only what they hold together counts
    if total(rooms) < amount:
        return None
    alone = (each for each, room in zip(stand_ins, rooms, strict=True) if room >= amount)
    return next(alone, next(iter(stand_ins), None))


def stand_in_key(sale: SourceKey, payment: Posted) -> SourceKey:
    """The key of an adopted payment that is no transaction of its own: its source tells no such one."""
    return SourceKey(sale.system, "transaction", f"{sale.id}.{payment.id}")


def is_stand_in(key: SourceKey) -> bool:
    """True for a key that `stand_in_key` made: an id of a source has no dot."""
    return key.kind == "transaction" and "." in key.id


def _room(context: PlanningContext, payment: Posted) -> Decimal:
    coming = [read_combined(version) for version in context.versions.values()]
    new = total(each[1] for each in coming if each is not None and each[0] == payment.key)
    return payment.stands_for - context.index.combined.amount_in(payment.key) - new
