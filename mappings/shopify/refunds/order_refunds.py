"""The refunds inside an order's body: what their own events tell, told once more, and what only the order knows.

A refund that does not add up, or that is a test, never stops its order; its own event is the dead letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from contracts.errors import RecordError, UndecodableRecord
from contracts.keys import SourceKey
from contracts.money import total
from contracts.posting import Caution, Intent, PostingStep
from contracts.quickbooks import CreditMemoDraft, RefundReceiptDraft
from contracts.shopify import Order, Refund, ShippingLine
from mappings.rules import MappingRules, gateway_key
from mappings.shopify.amounts import OrderMoney
from mappings.shopify.cautions import row_cautions
from mappings.shopify.edits import says_what_it_sold
from mappings.shopify.refunds.documents import Refunded, refund_documents
from mappings.shopify.refunds.money import RefundMoney, all_by_others, refund_money, with_deliveries
from mappings.shopify.refunds.reconcile import reconciled, with_tip
from mappings.shopify.refunds.refunds import described_deliveries, refund_key, refund_notes, why_nothing

TEST_GATEWAY = "bogus"
UNEXPLAINED = "what it takes back is not what was handed back, and the order's current total does not say why"


@dataclass(slots=True)
class OrderRefunds:
    """The steps of all refunds of an order, and what a person should know of them."""

    steps: list[PostingStep] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[Caution] = field(default_factory=list)

    def leave_out(self, refund: Refund, why: str, code: str = "refund_left_out") -> None:
        """Say that a refund is not booked from this body."""
        self.notes.append(f"Its refund {refund.id or '?'} is not booked from here: {why}.")
        self.warnings.append(Caution(code, f"The refund {refund.id or '?'} is not booked from this body: {why}."))


def refunds_of(order: Order, sold: OrderMoney, key: SourceKey, rules: MappingRules) -> OrderRefunds:
    """All refunds of `order`, of which `sold` is what was sold."""
    found = OrderRefunds()
    read = [(refund, money) for refund in order.refunds or () if (money := _read(order, refund, found)) is not None]
    moneys = reconciled([money for _, money in read], sold.total, order.current_total_price)
    tip = _tip_for_rows(sold, [money for _, money in read])
    for (refund, _), money in zip(read, moneys, strict=True):
        if money is None:
            found.leave_out(refund, UNEXPLAINED, "refund_unexplained")
            continue
        with_its_tip, tip = with_tip(money, tip, all_back=order.current_total_price == 0)
        _book(order, refund, with_its_tip, key, rules, found)
    return found


def _read(order: Order, refund: Refund, found: OrderRefunds) -> RefundMoney | None:
    """One refund taken apart; None for what is not booked, and why is noted."""
    try:
        if refund_key(refund) is None:
            raise UndecodableRecord("it has no id")
        if refund.processed_at is None and refund.created_at is None:
            raise UndecodableRecord("it has neither processed_at nor created_at")
        if any(row.test or gateway_key(row.gateway) == TEST_GATEWAY for row in refund.transactions):
            found.notes.append(f"Its refund {refund.id} is a test.")
            return None
        money = refund_money(_with_lines(order, refund), order.currency, taxes_included=order.taxes_included)
        return with_deliveries(money, described_deliveries(refund) or _deliveries(order, refund))
    except RecordError as error:
        found.leave_out(refund, str(error))
        return None


def _book(
    order: Order,
    refund: Refund,
    money: RefundMoney,
    key: SourceKey,
    rules: MappingRules,
    found: OrderRefunds,
) -> None:
    ident, moment = refund_key(refund), refund.processed_at or refund.created_at
    if ident is None or moment is None:
        raise TypeError("a refund that is booked has an id and a day")
    all_of_it = order.merchant_of_record_app_id is not None
    by_others = all_of_it or (_delivery_by_channel(money) and not described_deliveries(refund))
    refunded = Refunded(ident, key, moment.date())
    try:
        found.warnings += row_cautions(refund)
        steps = refund_documents(refunded, all_by_others(money) if all_of_it else money, rules)
        if by_others:
            steps = _under_another_key(steps)
    except RecordError as error:
        found.leave_out(refund, str(error))
        return
    found.steps += steps
    found.notes += refund_notes(money) if steps else [f"Its refund {ident.id}: {why_nothing(money)}."]


def _under_another_key(steps: tuple[PostingStep, ...]) -> tuple[PostingStep, ...]:
    """Documents that give back tax that others remit, in place of those of the refund's own event.

    Its own event cannot know whose the tax was and books it as the company's, so that telling is taken out.
    """
    found: list[PostingStep] = []
    for step in steps:
        if step.intent is not Intent.FACT or not _gives_tax_back(step):
            found.append(step)
            continue
        found.append(PostingStep(key=step.key, entity=step.entity, intent=Intent.UNDONE, name=step.name))
        found.append(replace(step, key=SourceKey(step.key.system, step.key.kind, f"{step.key.id}.others")))
    return tuple(found)


def _deliveries(order: Order, refund: Refund) -> list[ShippingLine]:
    """The order's deliveries that a refund hands back: those that its lines name, else any."""
    named = {line.shipping_line_id for line in refund.refund_shipping_lines}
    return [each for each in order.shipping_lines if each.id in named] or list(order.shipping_lines)


def _delivery_by_channel(money: RefundMoney) -> bool:
    parts = (part for share in money.shares for part in share.parts)
    return any(part.kind == "shipping" and part.remitted for part in (*parts, *money.credit))


def _gives_tax_back(step: PostingStep) -> bool:
    lines = step.draft.lines if isinstance(step.draft, CreditMemoDraft | RefundReceiptDraft) else ()
    return any(line.item.id.partition("@")[0] == "marketplace-tax" for line in lines)


def _tip_for_rows(sold: OrderMoney, refunds: Sequence[RefundMoney]) -> Decimal:
    """The tip that no line of a refund hands back: whether a line or the total told it, only a row can."""
    by_lines = (part for money in refunds for share in money.shares for part in share.parts if part.kind == "tip")
    credited = (part for money in refunds for part in money.credit if part.kind == "tip")
    tips = total(part.amount - part.discount for part in sold.parts if part.kind == "tip")
    return max(tips - total(part.amount for part in (*by_lines, *credited)), Decimal(0))


def _with_lines(order: Order, refund: Refund) -> Refund:
    """The refund with the order's own lines where it only names them; one that left its lines out stays as it is."""
    if refund.lacks("refund_line_items"):
        return refund
    sold = {line.id: line for line in order.line_items}
    lines = tuple(
        line if says_what_it_sold(line) else line.model_copy(update={"line_item": sold.get(line.line_item_id)})
        for line in refund.refund_line_items
    )
    return refund.model_copy(update={"refund_line_items": lines})
