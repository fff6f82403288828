"""Shopify's REST bodies of sample orders and of the money that moves on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from bridge.demo.samples.baskets import Basket, BasketLine, Delivery, Tax
from bridge.demo.samples.catalogue import Buyer
from contracts.money import plain

Json = dict[str, object]
FinancialStatus = Literal["pending", "authorized", "partially_paid", "paid", "voided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOrder:
    """One order at one moment; `replace` makes the next one."""

    id: int
    number: int
    basket: Basket
    buyer: Buyer | None
    placed_at: datetime
    updated_at: datetime
    received: Decimal = Decimal(0)
    status: FinancialStatus = "pending"
    gateways: tuple[str, ...] = ()
    cancelled_at: datetime | None = None
    test: bool = False

    def later(self, at: datetime, **changes: object) -> SampleOrder:
        """The order as it is at `at`."""
        return replace(self, updated_at=at, **changes)  # type: ignore[arg-type]

    @property
    def outstanding(self) -> Decimal:
        """What is still owed."""
        return self.basket.total - self.received


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTransaction:
    """Money that moved on an order, or was promised (`authorization`)."""

    id: int
    order: SampleOrder
    kind: Literal["sale", "authorization", "capture"]
    amount: Decimal
    gateway: str
    at: datetime
    parent_id: int | None = None


def order_body(order: SampleOrder) -> Json:
    """The REST resource of `order`."""
    basket = order.basket
    return {
        "id": order.id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order.id}",
        "name": f"#{order.number}",
        "number": order.number - 1000,
        "order_number": order.number,
        "confirmed": True,
        "test": order.test,
        "currency": basket.currency,
        "presentment_currency": basket.currency,
        "taxes_included": basket.taxes_included,
        "created_at": order.placed_at.isoformat(),
        "processed_at": order.placed_at.isoformat(),
        "updated_at": order.updated_at.isoformat(),
        "cancelled_at": order.cancelled_at.isoformat() if order.cancelled_at else None,
        "cancel_reason": "customer" if order.cancelled_at else None,
        "closed_at": None,
        "financial_status": order.status,
        "fulfillment_status": None,
        "source_name": "web",
        "note": None,
        "tags": "",
        "payment_gateway_names": list(order.gateways),
        "line_items": [_line(order, index, line) for index, line in enumerate(basket.lines)],
        "shipping_lines": [_delivery(order, delivery) for delivery in basket.deliveries],
        "tax_lines": [_tax(tax, basket.currency) for tax in _summed(basket.taxes)],
        "refunds": [],
        "fulfillments": [],
        **_discounts(basket),
        **_totals(order),
        **_person(order.buyer),
    }


def transaction_body(transaction: OrderTransaction) -> Json:
    """The REST resource of `transaction`."""
    currency = transaction.order.basket.currency
    return {
        "id": transaction.id,
        "admin_graphql_api_id": f"gid://shopify/OrderTransaction/{transaction.id}",
        "order_id": transaction.order.id,
        "kind": transaction.kind,
        "status": "success",
        "gateway": transaction.gateway,
        "amount": plain(transaction.amount, currency),
        "amount_set": _set(transaction.amount, currency),
        "currency": currency,
        "created_at": transaction.at.isoformat(),
        "processed_at": transaction.at.isoformat(),
        "parent_id": transaction.parent_id,
        "source_name": "web",
        "test": transaction.order.test,
        "message": None,
        "error_code": None,
    }


def _totals(order: SampleOrder) -> Json:
    basket, currency = order.basket, order.basket.currency
    as_placed = {
        "total_line_items_price": basket.gross,
        "subtotal_price": basket.gross - basket.line_discount,
        "total_discounts": basket.line_discount + basket.delivery_discount,
        "total_tax": basket.tax,
        "total_price": basket.total,
    }
    current = {f"current_{name}": amount for name, amount in as_placed.items() if name != "total_line_items_price"}
    body: Json = {}
    for name, amount in {**as_placed, **current}.items():
        body[name] = plain(amount, currency)
        body[f"{name}_set"] = _set(amount, currency)
    body["total_shipping_price_set"] = _set(basket.delivery, currency)
    body["total_tip_received"] = plain(basket.tip, currency)
    body["total_outstanding"] = plain(order.outstanding, currency)
    body["total_weight"] = 0
    return body


def _discounts(basket: Basket) -> Json:
    if basket.discount_code is None:
        return {"discount_codes": [], "discount_applications": []}
    off = basket.line_discount + basket.delivery_discount
    on_delivery = basket.line_discount == 0 and basket.delivery_discount > 0
    return {
        "discount_codes": [
            {
                "code": basket.discount_code,
                "amount": plain(off, basket.currency),
                "type": "shipping" if on_delivery else "percentage",
            }
        ],
        "discount_applications": [
            {
                "type": "discount_code",
                "code": basket.discount_code,
                "target_type": "shipping_line" if on_delivery else "line_item",
                "target_selection": "all",
                "allocation_method": "across",
                "value_type": "percentage",
            }
        ],
    }


def _line(order: SampleOrder, index: int, line: BasketLine) -> Json:
    product, currency = line.product, order.basket.currency
    return {
        "id": order.id * 10 + index,
        "title": product.title,
        "variant_title": product.variant,
        "name": f"{product.title} - {product.variant}" if product.variant else product.title,
        "sku": product.sku,
        "product_id": product.id,
        "variant_id": None if product.id is None else product.id + 500,
        "product_exists": product.id is not None,
        "vendor": "Sample Goods",
        "quantity": line.quantity,
        "current_quantity": line.quantity,
        "price": plain(line.price, currency),
        "price_set": _set(line.price, currency),
        "gift_card": product.gift_card,
        "taxable": product.taxable,
        "requires_shipping": not product.gift_card,
        "total_discount": plain(Decimal(0), currency),
        "discount_allocations": _allocations(line.discount, currency),
        "tax_lines": [_tax(tax, currency) for tax in line.taxes],
        "duties": [],
        "properties": [],
    }


def _delivery(order: SampleOrder, delivery: Delivery) -> Json:
    currency = order.basket.currency
    return {
        "id": order.id + 1,
        "title": delivery.title,
        "code": delivery.title,
        "price": plain(delivery.price, currency),
        "price_set": _set(delivery.price, currency),
        "discounted_price": plain(delivery.price - delivery.discount, currency),
        "discount_allocations": _allocations(delivery.discount, currency),
        "tax_lines": [_tax(tax, currency) for tax in delivery.taxes],
        "is_removed": False,
        "source": "shopify",
    }


def _person(buyer: Buyer | None) -> Json:
    if buyer is None:
        return {"customer": None, "email": "", "phone": None, "billing_address": None, "shipping_address": None}
    address: Json = {
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
        "name": buyer.name,
        "company": None,
        "address1": buyer.street,
        "address2": None,
        "city": buyer.city,
        "province": buyer.province,
        "zip": buyer.postal_code,
        "country": "United States",
        "country_code": "US",
        "phone": None,
    }
    customer: Json = {
        "id": buyer.id,
        "admin_graphql_api_id": f"gid://shopify/Customer/{buyer.id}",
        "email": buyer.email,
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
        "phone": None,
        "default_address": address,
    }
    return {
        "customer": customer,
        "email": buyer.email,
        "contact_email": buyer.email,
        "phone": None,
        "billing_address": address,
        "shipping_address": address,
    }


def _set(amount: Decimal, currency: str) -> Json:
    money = {"amount": plain(amount, currency), "currency_code": currency}
    return {"shop_money": money, "presentment_money": dict(money)}


def _tax(tax: Tax, currency: str) -> Json:
    return {
        "title": tax.title,
        "rate": f"{tax.rate:f}",
        "price": plain(tax.price, currency),
        "price_set": _set(tax.price, currency),
        "channel_liable": False,
    }


def _summed(taxes: Sequence[Tax]) -> list[Tax]:
    """The order's own tax lines: one for each title."""
    sums: dict[str, Tax] = {}
    for tax in taxes:
        known = sums.get(tax.title)
        sums[tax.title] = tax if known is None else replace(known, price=known.price + tax.price)
    return list(sums.values())


def _allocations(discount: Decimal, currency: str) -> list[Json]:
    if discount == 0:
        return []
    return [
        {"amount": plain(discount, currency), "amount_set": _set(discount, currency), "discount_application_index": 0}
    ]
