"""Who bought, in Shopify's words."""

from __future__ import annotations

from contracts import shopify
from contracts.quickbooks import Address
from mappings.customers import Person, postal_address


def buyer(order: shopify.Order) -> Person:
    """The company of a B2B order, else the customer, else whoever left an e-mail address."""
    customer = order.customer or shopify.Customer()
    billing = order.billing_address or customer.default_address
    ident = None if customer.id is None else str(shopify.true_id(customer.id, customer.admin_graphql_api_id))
    return Person(
        id=ident,
        given_name=customer.first_name,
        family_name=customer.last_name,
        full_name=billing.name if billing else None,
        company=_company_name(order),
        company_id=str(order.company.id) if order.company else None,
        email=customer.email or order.email,
        phone=customer.phone or order.phone or (billing.phone if billing else None),
        billing=address(billing),
        shipping=address(order.shipping_address),
    )


def person_of(customer: shopify.Customer) -> Person:
    """The customer of an event of its own, as its orders would tell it."""
    home = customer.default_address
    return Person(
        id=None if customer.id is None else str(shopify.true_id(customer.id, customer.admin_graphql_api_id)),
        given_name=customer.first_name,
        family_name=customer.last_name,
        full_name=home.name if home else None,
        company=home.company if home else None,
        email=customer.email,
        phone=customer.phone or (home.phone if home else None),
        billing=address(home),
    )


def address(given: shopify.MailingAddress | None) -> Address | None:
    """A postal address as an order writes it, province and country by their codes; None for an empty one."""
    if given is None:
        return None
    return postal_address(
        line1=given.address1,
        line2=given.address2,
        city=given.city,
        region=given.province_code or given.province,
        postal_code=given.zip,
        country=given.country_code or given.country,
    )


def _company_name(order: shopify.Order) -> str | None:
    default = order.customer.default_address if order.customer else None
    places = (order.billing_address, order.shipping_address, default)
    return next((place.company for place in places if place and place.company), None)
