"""Refunds: money handed back is a refund receipt per gateway; what no money was handed back for is a credit memo.

Both reverse revenue, so the same amount is never in both. A refund is told by its own event and by every later body of
its order: the same keys and figures, so either may be missing, and whichever comes first books it.
"""

from __future__ import annotations

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.errors import UndecodableRecord
from contracts.keys import SourceKey
from contracts.money import plain
from contracts.posting import Caution, Ignored, PostingPlan
from contracts.shopify import Refund, ShippingLine, true_id
from mappings.documents import document_of
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.shopify.cautions import refund_cautions
from mappings.shopify.refunds.documents import Refunded, refund_documents
from mappings.shopify.refunds.money import RefundMoney, refund_money, with_deliveries
from mappings.shopify.refunds.parts import shop_currency, value

HOLDS_NOTHING = "the refund hands nothing back and takes nothing off what is owed"
FAILED = "the money of the refund did not move, so nothing is booked"
ON_ITS_WAY = "the money of the refund is on its way: the body that tells that it has moved books it"

UNCLEAR = "only its order says what the refund takes back and whether prices hold their taxes: its next body books it"
OPEN = Caution(
    "refund_rests_on_its_order", "Nothing is booked of the refund before the next body of its order arrives."
)


@maps("shopify", "refunds/create")
def map_refund(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The documents of one refund, or the reason why there are none."""
    refund = read_body(Refund, envelope.body, "refund")
    document = document_of(envelope)
    if refund.order_id is None:
        raise UndecodableRecord("the refund has no order_id")
    moment = refund.processed_at or refund.created_at or envelope.occurred_at
    if moment is None or document is None:
        raise UndecodableRecord("the refund has neither processed_at nor created_at")
    money = with_deliveries(refund_money(refund, shop_currency(refund)), described_deliveries(refund))
    order = SourceKey("shopify", "order", str(refund.order_id))
    steps = refund_documents(Refunded(document, order, moment.date()), money, rules)
    if not steps:
        open_points = (OPEN,) if money.unclear else ()
        return Ignored(code="skipped_by_rule", message=why_nothing(money), document=document, warnings=open_points)
    known = [time for time in (refund.processed_at, refund.created_at, envelope.occurred_at) if time]
    return PostingPlan(
        document=document,
        lane=order,
        steps=steps,
        document_created_at=min(known),
        notes=refund_notes(money),
        warnings=refund_cautions(refund),
    )


def described_deliveries(refund: Refund) -> tuple[ShippingLine, ...]:
    """The deliveries that a refund hands back, where it describes each of them; empty where only its order can."""
    found = [line.shipping_line for line in refund.refund_shipping_lines]
    return tuple(line for line in found if line is not None) if all(found) else ()


def refund_key(refund: Refund) -> SourceKey | None:
    """The key of a refund inside an order's body, None when it has no id."""
    if refund.id is None:
        return None
    return SourceKey("shopify", "refund", str(true_id(refund.id, refund.admin_graphql_api_id)))


def why_nothing(money: RefundMoney) -> str:
    """Why a refund has no document of its own now."""
    if money.failed:
        return FAILED
    if money.unclear:
        return UNCLEAR
    return ON_ITS_WAY if money.shares else HOLDS_NOTHING


def refund_notes(money: RefundMoney) -> tuple[str, ...]:
    """What an accountant may wonder about."""
    notes = [
        f"{plain(share.amount, money.currency)} {money.currency} of the refund is still on its way through "
        f"{share.gateway or 'its gateway'}: the body that tells that it has moved books it."
        for share in money.shares
        if not share.settled
    ]
    if money.shares and money.credit:
        credit = plain(value(money.credit), money.currency)
        notes.append(f"{credit} {money.currency} of the goods was not handed back: it is taken off what is owed.")
    return tuple(notes)
