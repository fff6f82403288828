"""Bodies of our own making in the shapes that Shopify and Stripe send; the totals are added up here, independently."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

from bridge.decoding.record import decode_record
from contracts.envelope import Envelope
from contracts.keys import SourceKey
from contracts.posting import Ignored, PostingPlan, PostingStep
from contracts.quickbooks import InvoiceDraft, PaymentDraft, RefundReceiptDraft
from contracts.records import Headers, InboundRecord
from mappings.registry import map_event
from mappings.rules import MappingRules

Json = dict[str, object]
ORDER_ID = 7203456112884
RULES = MappingRules(shop_domains=("acme.myshopify.com",))


def record(value: bytes | None, headers: Mapping[str, bytes | None] | Headers = ()) -> InboundRecord:
    """A consumed record that holds `value`."""
    pairs = tuple(headers.items()) if isinstance(headers, Mapping) else headers
    return InboundRecord(
        topic="shopify.events",
        partition=0,
        offset=7,
        key=None,
        value=value,
        headers=pairs,
        timestamp_ms=1_760_000_000_000,
    )


def envelope(value: object, headers: Mapping[str, bytes | None] | Headers = ()) -> Envelope:
    """`value` as JSON through the decoder."""
    decoded = decode_record(record(json.dumps(value).encode(), headers))
    assert decoded is not None
    return decoded


def mapped(
    value: object, rules: MappingRules = RULES, *, headers: Mapping[str, bytes | None] | Headers = ()
) -> PostingPlan | Ignored:
    """`value` through decoder and registry."""
    return map_event(envelope(value, headers), rules)


def plan_of(
    value: object, rules: MappingRules = RULES, *, headers: Mapping[str, bytes | None] | Headers = ()
) -> PostingPlan:
    """The plan of an event that has one."""
    decision = mapped(value, rules, headers=headers)
    assert isinstance(decision, PostingPlan), decision
    return decision


def step_of(plan: PostingPlan, entity: str) -> PostingStep:
    """The only step of `entity`."""
    (found,) = [step for step in plan.steps if step.entity == entity]
    return found


def receipts_of(plan: PostingPlan) -> dict[str, RefundReceiptDraft]:
    """The plan's refund receipts by the ids of their keys."""
    return {step.key.id: step.draft for step in plan.steps if isinstance(step.draft, RefundReceiptDraft)}


def invoice_of(plan: PostingPlan) -> InvoiceDraft:
    """The plan's invoice."""
    (found,) = [step.draft for step in plan.steps if isinstance(step.draft, InvoiceDraft)]
    return found


def payment_of(plan: PostingPlan) -> PaymentDraft:
    """The plan's payment."""
    draft = step_of(plan, "Payment").draft
    assert isinstance(draft, PaymentDraft)
    return draft


def line(price: str, quantity: int = 1, **changes: object) -> Json:
    """One sold line without tax and discount."""
    body: Json = {
        "id": 15009001234000 + int(Decimal(price) * 100) + quantity,
        "title": "Canvas tote",
        "name": "Canvas tote - Sand",
        "variant_title": "Sand",
        "sku": "TOTE-SAND",
        "product_id": 8811002233,
        "variant_id": 44110022331,
        "quantity": quantity,
        "price": price,
        "gift_card": False,
        "taxable": True,
        "tax_lines": [],
        "discount_allocations": [],
        "duties": [],
        "properties": [],
    }
    return {**body, **changes}


def taxed(price: str, quantity: int, tax: str, **changes: object) -> Json:
    """A line that carries one tax."""
    return line(
        price,
        quantity,
        tax_lines=[{"title": "State tax", "rate": 0.0725, "price": tax, "channel_liable": False}],
        **changes,
    )


def discounted(amount: str) -> list[Json]:
    """One allocation of a discount."""
    return [{"amount": amount, "discount_application_index": 0}]


def shipping(price: str, **changes: object) -> Json:
    """One delivery."""
    body: Json = {
        "title": "Standard",
        "price": price,
        "discount_allocations": [],
        "tax_lines": [],
        "is_removed": False,
    }
    return {**body, **changes}


def order(lines: list[Json], **changes: object) -> Json:
    """An order of `lines` with totals that add up; `shipping_lines` and the like come in `changes`."""
    ships = [ship for ship in _rows(changes.get("shipping_lines")) if not ship.get("is_removed")]
    included = bool(changes.get("taxes_included"))
    gross = sum((Decimal(str(row["price"])) * int(str(row["quantity"])) for row in lines), Decimal(0))
    line_discount = sum((_sum(row.get("discount_allocations"), "amount") for row in lines), Decimal(0))
    ship_discount = sum((_sum(row.get("discount_allocations"), "amount") for row in ships), Decimal(0))
    tax = sum((_sum(row.get("tax_lines"), "price") for row in [*lines, *ships]), Decimal(0))
    tax = Decimal(str(changes.get("total_tax", tax)))
    duties = sum(
        (_sum([duty["shop_money"] for duty in _rows(row.get("duties"))], "amount") for row in lines), Decimal(0)
    )
    tip = Decimal(str(changes.get("total_tip_received", "0")))
    delivery = sum((Decimal(str(row["price"])) for row in ships), Decimal(0)) - ship_discount
    total = gross - line_discount + delivery + duties + tip + (Decimal(0) if included else tax)
    body: Json = {
        "id": ORDER_ID,
        "admin_graphql_api_id": f"gid://shopify/Order/{ORDER_ID}",
        "name": "#2041",
        "order_number": 2041,
        "currency": "USD",
        "presentment_currency": "USD",
        "financial_status": "paid",
        "fulfillment_status": None,
        "taxes_included": False,
        "test": False,
        "confirmed": True,
        "cancelled_at": None,
        "created_at": "2026-03-02T21:04:11-08:00",
        "processed_at": "2026-03-02T21:04:09-08:00",
        "updated_at": "2026-03-02T21:04:30-08:00",
        "email": "dana.reyes@example.com",
        "customer": {
            "id": 6655001122,
            "first_name": "Dana",
            "last_name": "Reyes",
            "email": "dana.reyes@example.com",
        },
        "payment_gateway_names": ["shopify_payments"],
        "total_price": str(total),
        "subtotal_price": str(gross - line_discount),
        "total_discounts": str(line_discount + ship_discount),
        "total_tax": str(tax),
        "total_tip_received": str(tip),
        "current_total_price": str(total),
        "current_subtotal_price": str(gross - line_discount),
        "current_total_tax": str(tax),
        "total_outstanding": "0.00",
        "line_items": lines,
        "shipping_lines": [],
        "refunds": [],
    }
    return {**body, **changes}


def transaction(**changes: object) -> Json:
    """A successful sale of 42.90 on the order."""
    body: Json = {
        "id": 9455001122334,
        "admin_graphql_api_id": "gid://shopify/OrderTransaction/9455001122334",
        "order_id": ORDER_ID,
        "kind": "sale",
        "status": "success",
        "gateway": "shopify_payments",
        "amount": "42.90",
        "currency": "USD",
        "test": False,
        "created_at": "2026-03-02T21:04:10-08:00",
        "processed_at": "2026-03-02T21:04:10-08:00",
    }
    return {**body, **changes}


def sets(amount: str, currency: str = "USD") -> Json:
    """An amount in the shop's and in the customer's currency, which are the same here."""
    money = {"amount": amount, "currency_code": currency}
    return {"shop_money": money, "presentment_money": money}


def refund_line(sold: Json, quantity: int, subtotal: str, tax: str = "0.00") -> Json:
    """What a refund takes back of a sold line; the plain figures are JSON floats as Shopify writes them."""
    return {
        "id": 104689539,
        "line_item_id": sold["id"],
        "line_item": sold,
        "quantity": quantity,
        "restock_type": "return",
        "subtotal": float(subtotal),
        "total_tax": float(tax),
        "subtotal_set": sets(subtotal),
        "total_tax_set": sets(tax),
    }


def adjustment(amount: str, tax: str = "0.00", *, kind: str = "refund_discrepancy", reason: str | None = None) -> Json:
    """What a refund changes beside its lines: negative for the customer's good."""
    named = reason or ("Shipping refund" if kind == "shipping_refund" else "Refund discrepancy")
    row = {"id": 335599927644, "kind": kind, "reason": named, "amount": amount, "tax_amount": tax}
    return {**row, "amount_set": sets(amount), "tax_amount_set": sets(tax)}


def handed_back(amount: str, **changes: object) -> Json:
    """Money of a refund that moved."""
    base = transaction(id=9455001133445, admin_graphql_api_id=None, kind="refund", amount=amount)
    moment = "2026-03-09T10:15:00-08:00"
    return {**base, "parent_id": 9455001122334, "created_at": moment, "processed_at": moment, **changes}


def refund(lines: list[Json], *money: Json, **changes: object) -> Json:
    """A refund of the order."""
    body: Json = {
        "id": 897650012233,
        "admin_graphql_api_id": "gid://shopify/Refund/897650012233",
        "order_id": ORDER_ID,
        "created_at": "2026-03-09T10:15:02-08:00",
        "processed_at": "2026-03-09T10:15:02-08:00",
        "note": None,
        "restock": True,
        "duties": [],
        "total_duties_set": sets("0.00"),
        "refund_shipping_lines": [],
        "refund_line_items": lines,
        "order_adjustments": [],
        "transactions": list(money),
    }
    return {**body, **changes}


def charge(**changes: object) -> Json:
    """A charge of 25.00 that took its money."""
    body: Json = {
        "id": "ch_3RqPm2Lk81XcQw0A1bZtYv77",
        "object": "charge",
        "amount": 2500,
        "amount_captured": 2500,
        "amount_refunded": 0,
        "currency": "usd",
        "created": 1772514000,
        "livemode": True,
        "paid": True,
        "captured": True,
        "status": "succeeded",
        "description": "Workshop seat",
        "customer": "cus_Q1w2E3r4T5",
        "billing_details": {"name": "Ines Moreau", "email": "ines@example.com", "phone": None, "address": None},
        "receipt_email": "ines@example.com",
        "metadata": {},
        "payment_intent": "pi_3RqPm2Lk81XcQw0A1KKKKKKK",
        "balance_transaction": "txn_3RqPm2Lk81XcQw0A1TTTTTTT",
    }
    return {**body, **changes}


def intent(**changes: object) -> Json:
    """The payment intent that ended in `charge`."""
    body: Json = {
        "id": "pi_3RqPm2Lk81XcQw0A1KKKKKKK",
        "object": "payment_intent",
        "amount": 2500,
        "amount_received": 2500,
        "currency": "usd",
        "created": 1772513990,
        "livemode": True,
        "status": "succeeded",
        "description": "Workshop seat",
        "customer": "cus_Q1w2E3r4T5",
        "receipt_email": "ines@example.com",
        "metadata": {},
        "latest_charge": "ch_3RqPm2Lk81XcQw0A1bZtYv77",
    }
    return {**body, **changes}


def stripe_event(event_type: str, document: Json, **changes: object) -> Json:
    """A snapshot event around `document`."""
    body: Json = {
        "id": "evt_1RqPm4Lk81XcQw0AEEEEEEEE",
        "object": "event",
        "api_version": "2025-09-30.clover",
        "created": 1772514001,
        "livemode": True,
        "type": event_type,
        "data": {"object": document},
    }
    return {**body, **changes}


def shopify_event(topic: str, body: Json) -> Json:
    """A body with its webhook headers, in the wrapper that in-house receivers use."""
    headers = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": "acme.myshopify.com",
        "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "X-Shopify-Triggered-At": "2026-03-03T05:04:31.516907657Z",
        "X-Shopify-API-Version": "2026-01",
    }
    return {"headers": headers, "body": body}


def _rows(value: object) -> list[Json]:
    return list(value) if isinstance(value, list) else []


def _sum(rows: object, name: str) -> Decimal:
    return sum((Decimal(str(row[name])) for row in _rows(rows)), Decimal(0))


def parcel(**changes: object) -> Json:
    """A parcel that went out with two numbers."""
    body: Json = {
        "id": 4538091438216,
        "order_id": ORDER_ID,
        "status": "success",
        "tracking_company": "Canada Post",
        "tracking_number": "1Z001",
        "tracking_numbers": ["1Z001", "1Z002", "1Z001"],
        "created_at": "2026-03-04T23:30:00-08:00",
        "updated_at": "2026-03-05T08:00:00-08:00",
    }
    return shopify_event("fulfillments/update", {**body, **changes})


def customer(**changes: object) -> Json:
    """A customer with an address."""
    body: Json = {
        "id": 6655001122,
        "first_name": "Dana",
        "last_name": "Reyes",
        "email": "dana.reyes@example.com",
        "phone": "+15550100",
        "currency": "USD",
        "created_at": "2026-03-01T08:00:00-08:00",
        "updated_at": "2026-03-02T08:00:00-08:00",
        "default_address": {"address1": "18 Example Street", "city": "Reno", "province": "Nevada", "zip": "89501"},
    }
    return shopify_event("customers/update", {**body, **changes})


def product(*variants: Json, **changes: object) -> Json:
    """A product with variants."""
    body: Json = {
        "id": 8811002233,
        "title": "Canvas tote",
        "product_type": "Bags",
        "variants": list(variants),
        "created_at": "2026-03-01T08:00:00-08:00",
        "updated_at": "2026-03-02T08:00:00-08:00",
    }
    return shopify_event("products/update", {**body, **changes})


ORDER = SourceKey("shopify", "order", str(ORDER_ID))


SALE = SourceKey("shopify", "transaction", "9455001122334")


BODY_MONEY = SourceKey("shopify", "payment", str(ORDER_ID))


def bought(number: int, **changes: object) -> Json:
    """A paid order of 42.90 of its own number."""
    named = {"id": ORDER_ID + number, "admin_graphql_api_id": None, "name": f"#{3000 + number}"}
    return order([taxed("20.00", 2, "2.90")], **named, **changes)


def later(body: Json, seconds: int, **changes: object) -> Json:
    """The order as it was some seconds after."""
    return {**body, "updated_at": f"2026-03-02T21:05:{seconds:02d}-08:00", **changes}


def ordered(number: int, **changes: object) -> Json:
    """An order of 42.90 of its own number, for which nothing was received by its own body."""
    named = {"id": ORDER_ID + number, "admin_graphql_api_id": None, "name": f"#{3000 + number}"}
    return order([line("21.45", 2)], **named, financial_status="pending", **changes)


def received_early(number: int, **changes: object) -> Json:
    """The money of that order, taken the day before yesterday."""
    moment = {"processed_at": "2026-11-20T12:00:00Z", "created_at": "2026-11-20T12:00:00Z"} | changes
    return transaction(id=9_000_000 + number, admin_graphql_api_id=None, order_id=ORDER_ID + number, **moment)
