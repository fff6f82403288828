"""Orders of earlier books: never booked, whatever touches them; what is paid for them later is, without the order."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from contracts.envelope import Envelope
from contracts.errors import RecordError
from contracts.keys import SourceKey
from contracts.opening import added_since, owed_no_more
from contracts.posting import Caution, PostingPlan, PostingStep, Version
from contracts.shopify import Order
from mappings.rules import MappingRules
from mappings.shopify.amounts import money_as_placed
from mappings.shopify.cautions import gateway_cautions
from mappings.shopify.edits import without_removed
from mappings.shopify.invoices import Placed
from mappings.shopify.received import (
    NOTHING,
    SILENT,
    SPLIT_UNKNOWN,
    amount_received,
    is_split_unknown,
    received_steps,
)
from mappings.shopify.refunds.order_refunds import OrderRefunds, refunds_of
from mappings.start import is_before_start, sale_before_start


def earlier_plan(
    order: Order, placed: Placed, since: datetime, envelope: Envelope, version: Version, rules: MappingRules
) -> PostingPlan:
    """A sale of earlier books. That it was paid only now, no body but that of `orders/paid` tells.

    What a body of before the start says was received is left out, and known when a later one says all there was.
    """
    key = SourceKey("shopify", "order", placed.ident)
    money: tuple[PostingStep, ...] = ()
    open_points: tuple[Caution, ...] = ()
    is_old = is_before_start(placed.money_date, rules)
    if is_old or (envelope.event_type == "orders/paid" and not envelope.inferred):
        received, unknown = _received(order, is_old=is_old)
        open_points = () if is_old else unknown
        if received is not None:
            open_points += () if is_old else gateway_cautions(order, received)
            money = received_steps(order, received, placed, None, version, rules)
    left = () if is_old else (*_owed_no_more(order, rules), *_added_since(order))
    refunded = _refunded_since(order, key, rules)
    return PostingPlan(
        document=key,
        lane=key,
        steps=(sale_before_start(key), *money, *refunded.steps),
        document_created_at=since,
        warnings=(*open_points, *left, *refunded.warnings),
    )


def _refunded_since(order: Order, key: SourceKey, rules: MappingRules) -> OrderRefunds:
    """The money of refunds that moved since the start, as their own events tell it too: each is booked once."""
    moments = (each.processed_at or each.created_at for each in order.refunds or ())
    if all(moment is None or is_before_start(moment.date(), rules) for moment in moments):
        return OrderRefunds()
    try:
        found = refunds_of(order, without_removed(order, money_as_placed(order)), key, rules)
    except RecordError as error:
        found = OrderRefunds()
        for refund in order.refunds or ():
            found.leave_out(refund, str(error))
    # because a credit moves no money, and what is not owed any more is a warning of the body itself
    return OrderRefunds(steps=[step for step in found.steps if step.entity == "RefundReceipt"], warnings=found.warnings)


def _owed_no_more(order: Order, rules: MappingRules) -> tuple[Caution, ...]:
    """What a cancellation or an edit took off the order that nobody had paid: it may be owed at the start still.

    When an edit was made no body tells; what was cancelled before the start is known to be in the old books.
    """
    cancelled = order.cancelled_at
    if cancelled is not None and is_before_start(cancelled.date(), rules):
        return ()
    received, _ = _received(order, is_old=True)
    if received is None:
        return () if cancelled is None else (owed_no_more(None, order.currency),)
    # because a cancelled order may list what it asked for as outstanding, and nobody will pay that
    owing = Decimal(0) if cancelled is not None else order.total_outstanding
    left = Decimal(0) if owing is None else order.total_price - received - max(owing, Decimal(0))
    return (owed_no_more(left, order.currency),) if left > 0 else ()


def _added_since(order: Order) -> tuple[Caution, ...]:
    """What may be of an item that was added after the start: no body says when, so all that is owed beside money.

    An order of which nothing was paid owes what it was placed for, and that is in the opening entry.
    """
    received, owing = _received(order, is_old=True)[0], order.total_outstanding
    current = order.current_total_price
    grown = Decimal(0) if current is None else current - order.total_price
    owed = owing if owing is not None and received else Decimal(0)
    more = max(owed, grown) if order.cancelled_at is None else Decimal(0)
    return (added_since(more, order.currency),) if more > 0 else ()


def _received(order: Order, *, is_old: bool) -> tuple[Decimal | None, tuple[Caution, ...]]:
    """What the body says was received, and what it leaves open; of an old one no part is booked."""
    if not is_old and is_split_unknown(order) and order.financial_status not in NOTHING:
        return None, (SPLIT_UNKNOWN,)
    try:
        received = amount_received(order, without_removed(order, money_as_placed(order)))
    except RecordError:
        received = None  # because the sale is in other books: that its figures do not add up holds nothing up here
    return received, (SILENT,) if received is None else ()
