"""The refunds of one order against what its body says is left of its total.

A refund alone does not say why money and goods differ, nor that it hands back the money of goods that an earlier one
took back. What is left of the order's total does: it fell by every reduction once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from contracts.money import total
from mappings.shopify.amounts import AmountPart
from mappings.shopify.refunds.money import RefundMoney, fill, places_of, redealt
from mappings.shopify.refunds.parts import value

TAKEN_OFF = "Taken off what is owed, not handed back"
BY_CREDIT = "Its money was handed back for goods of another refund"


def reconciled(refunds: Sequence[RefundMoney], sold: Decimal, left: Decimal | None) -> list[RefundMoney | None]:
    """`refunds` in their order, so that together they take `sold` down to `left`; None for one that is not explained.

    A rest that was neither moved nor kept is a credit. Money without goods whose amount is that of an open credit of
    the same order takes the credit, where the total did not fall by it once more; without such a credit it is what was
    paid too much. So is what a refund of goods hands back beyond them.
    """
    if left is None:
        return _each_by_itself(refunds)
    off = sold - total(each.taken_off for each in refunds) - left
    if off > 0:
        return _credited(refunds, off)
    return _tied(refunds, -off) if off < 0 else list(refunds)


def _each_by_itself(refunds: Sequence[RefundMoney]) -> list[RefundMoney | None]:
    """Each as its own event tells it; without what only the order could explain."""
    return [None if each.kept or each.plain else each for each in refunds]


def _credited(refunds: Sequence[RefundMoney], off: Decimal) -> list[RefundMoney | None]:
    """The total fell by more than what moved: the goods' rest was taken off what is owed, and not kept."""
    if off > total(_kept(each) for each in refunds):
        return _each_by_itself(refunds)
    found: list[RefundMoney | None] = []
    for each in refunds:
        part = min(_kept(each), off)
        off -= part
        found.append(_with_credit(each, part) if part else each)
    return found


def _kept(money: RefundMoney) -> Decimal:
    """What of the goods' worth was not handed back: by its rows, or because no row explains it."""
    parts = [part for share in money.shares for part in share.parts]
    return max(-value([part for part in (*parts, *money.credit) if part.kind == "refund"]), Decimal(0))


def _with_credit(money: RefundMoney, amount: Decimal) -> RefundMoney:
    rest = AmountPart(kind="refund", amount=amount, title=TAKEN_OFF)
    # because the own event of a refund whose rows explain it is booked, and has taken the first credit out for good
    explained = 0 if money.kept else 1
    return replace(money, credit=(*money.credit, rest), paid_times=money.paid_times + explained)


def _tied(refunds: Sequence[RefundMoney], over: Decimal) -> list[RefundMoney | None]:
    """The total fell by less: money beyond goods was that of goods that came back before, or was paid too much."""
    found, others = list(refunds), []
    for number, each in enumerate(refunds):
        amount = _beyond_goods(each)
        if not each.has_moved or not 0 < amount <= over:
            continue
        goods = _pay(found, _open_credits(found[:number], amount), amount)
        if not goods:
            others.append(number)
            continue
        over -= amount
        found[number] = redealt(each, goods) if each.plain else _corrected(each, goods)
    if over and not _repay(found, others, over):
        return _each_by_itself(refunds)  # because figures that miss each other for another reason prove no tie
    return list(found)


def _repay(refunds: list[RefundMoney], numbers: Sequence[int], over: Decimal) -> bool:
    """Mark what hands back `over`, paid too much: one of exactly it, the newest first, else all of `numbers`.

    A fee that was kept of goods is taken off what one refund hands back beyond them, so that may be less.
    """
    amounts = {number: _beyond_goods(refunds[number]) for number in numbers}
    alone = next((number for number in reversed(numbers) if amounts[number] == over), None)
    if alone is None and len(numbers) == 1 and over <= refunds[numbers[0]].taken_off:
        alone = numbers[0]
    if alone is not None:
        amounts = {alone: over}
    if total(amounts.values()) != over:
        return False
    for number, amount in amounts.items():
        refunds[number] = replace(refunds[number], overpaid=amount, plain=False)
    return True


def _beyond_goods(money: RefundMoney) -> Decimal:
    """What a refund hands back beyond what it takes back, by its rows or as all of its money."""
    parts = [part for share in money.shares for part in share.parts if part.kind == "refund"]
    return Decimal(0) if money.credit else value(parts)


def _pay(refunds: list[RefundMoney], paid: Sequence[int], amount: Decimal) -> tuple[AmountPart, ...]:
    """What `amount` pays of the open credits `paid`, which keep the rest."""
    goods: list[AmountPart] = []
    for number in paid:
        credit = refunds[number]
        taken, rest = fill(credit.credit, [amount - value(goods), Decimal(0)], places_of(credit.currency))
        if taken:
            goods += taken
            refunds[number] = replace(credit, credit=rest, paid_times=credit.paid_times + 1)
    return tuple(goods)


def _open_credits(earlier: Sequence[RefundMoney], amount: Decimal) -> list[int]:
    """The one credit of exactly this amount, the newest first, else all of them where they come to it or to more."""
    open_ones = [number for number, each in enumerate(earlier) if each.credit and not each.shares]
    alone = next((number for number in reversed(open_ones) if value(earlier[number].credit) == amount), None)
    if alone is not None:
        return [alone]
    return open_ones if total(value(earlier[number].credit) for number in open_ones) >= amount else []


def _corrected(money: RefundMoney, goods: tuple[AmountPart, ...]) -> RefundMoney:
    """Its own event books it as money without goods; a receipt of nothing puts the goods and their tax in its place."""
    given = AmountPart(kind="refund", amount=-value(goods), title=BY_CREDIT)
    return replace(money, corrections=(*money.corrections, ("goods", (*goods, given))))


def with_tip(money: RefundMoney, tip: Decimal, *, all_back: bool) -> tuple[RefundMoney, Decimal]:
    """`money` with the tip that its rows hand back, and the tip that is left; `tip` is what no line of goods tells.

    A row is the tip where it is exactly as much, or where nothing of the order is left.
    """
    given = total(
        part.amount for share in money.shares for part in share.parts if part.kind == "refund" and part.amount > 0
    )
    back = min(given, tip) if all_back else tip if given == tip else Decimal(0)
    if not back or not money.has_moved or money.corrections or money.overpaid:
        return money, tip
    moved = (AmountPart(kind="tip", amount=back, title="Tip"), AmountPart(kind="refund", amount=-back, title="Tip"))
    return replace(money, corrections=(("tip", moved),)), tip - back
