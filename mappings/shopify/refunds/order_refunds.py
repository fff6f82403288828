"""The refunds inside an order's body: what their own events tell, told once more.

A refund that does not add up, or that is a test, never stops its order; its own event is the dead letter.
"""

from __future__ import annotations

from datetime import date

from contracts.errors import RecordError, UndecodableRecord
from contracts.keys import SourceKey
from contracts.posting import PostingStep
from contracts.shopify import Order, Refund
from mappings.rules import MappingRules, gateway_key
from mappings.shopify.refunds.documents import Refunded, refund_documents
from mappings.shopify.refunds.money import refund_money
from mappings.shopify.refunds.refunds import refund_key, refund_notes, why_nothing

TEST_GATEWAY = "bogus"


def steps_of_refunds(
    order: Order, key: SourceKey, otherwise: date, rules: MappingRules
) -> tuple[tuple[PostingStep, ...], tuple[str, ...]]:
    """The steps of all refunds of `order` and the sentences about them; `otherwise` dates one that has no date."""
    steps: list[PostingStep] = []
    notes: list[str] = []
    for refund in order.refunds or ():
        try:
            found, said = _documents(order, refund, key, otherwise, rules)
        except RecordError as error:
            found, said = (), (f"Its refund {refund.id or '?'} is not booked from here: {error}.",)
        steps += found
        notes += said
    return tuple(steps), tuple(notes)


def _documents(
    order: Order, refund: Refund, key: SourceKey, otherwise: date, rules: MappingRules
) -> tuple[tuple[PostingStep, ...], tuple[str, ...]]:
    ident = refund_key(refund)
    if ident is None:
        raise UndecodableRecord("it has no id")
    if any(row.test or gateway_key(row.gateway) == TEST_GATEWAY for row in refund.transactions):
        return (), (f"Its refund {ident.id} is a test.",)
    moment = refund.processed_at or refund.created_at
    money = refund_money(_whole(order, refund), order.currency, taxes_included=order.taxes_included)
    steps = refund_documents(Refunded(ident, key, moment.date() if moment else otherwise), money, rules)
    if not steps:
        return (), (f"Its refund {ident.id}: {why_nothing(money)}.",)
    return steps, refund_notes(money)


def _whole(order: Order, refund: Refund) -> Refund:
    """The refund with the order's own lines where it only names them."""
    sold = {line.id: line for line in order.line_items}
    lines = tuple(
        line if line.line_item else line.model_copy(update={"line_item": sold.get(line.line_item_id)})
        for line in refund.refund_line_items
    )
    return refund.model_copy(update={"refund_line_items": lines})
