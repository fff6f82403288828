"""What Shopify tells beside orders and their money: customers, products, deliveries, disputes."""

from __future__ import annotations

from contracts.bodies import Amount, Body, Flag, Ident, Positive, Text, Time
from contracts.shopify import Customer


class CustomerBody(Customer):
    """A customer on its own; `currency` is the shop's."""

    currency: Text | None = None
    created_at: Time | None = None
    updated_at: Time | None = None


class Variant(Body):
    """One variant of a product: what an order's line sells."""

    id: Ident | None = None
    title: Text | None = None
    sku: Text | None = None
    price: Amount | None = None
    taxable: Flag = True


class Product(Body):
    """A product with its variants."""

    id: Ident
    admin_graphql_api_id: Text | None = None
    title: Text | None = None
    product_type: Text | None = None
    vendor: Text | None = None
    variants: tuple[Variant, ...] = ()
    created_at: Time | None = None
    updated_at: Time | None = None


class Fulfillment(Body):
    """A parcel of an order."""

    id: Ident
    admin_graphql_api_id: Text | None = None
    order_id: Ident
    status: Text | None = None
    tracking_company: Text | None = None
    tracking_number: Text | None = None
    tracking_numbers: tuple[Text, ...] = ()
    created_at: Time | None = None
    updated_at: Time | None = None


class ShopifyDispute(Body):
    """A dispute about a payment through Shopify Payments; a chargeback takes the money at once, an inquiry does not."""

    id: Ident
    order_id: Ident | None = None
    type: Text
    status: Text
    amount: Positive
    currency: Text
    initiated_at: Time | None = None
    finalized_on: Time | None = None
