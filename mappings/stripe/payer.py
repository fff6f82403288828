"""Who paid, in Stripe's words."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.quickbooks import Address
from contracts.stripe import BillingDetails, StripeAddress, id_or_object
from mappings.customers import Person, postal_address


def payer(
    customer: str | Mapping[str, object] | None,
    billing: BillingDetails | None,
    shipping: BillingDetails | None,
    receipt_email: str | None,
) -> Person:
    """The customer of the account, else whoever left an e-mail address."""
    ident, expanded = id_or_object(customer)
    details = billing or BillingDetails()
    return Person(
        id=ident,
        full_name=details.name or _text(expanded, "name") or (shipping.name if shipping else None),
        email=details.email or _text(expanded, "email") or receipt_email,
        phone=details.phone or _text(expanded, "phone"),
        billing=address(details.address),
        shipping=address(shipping.address if shipping else None),
    )


def address(given: StripeAddress | None) -> Address | None:
    """A postal address as Stripe writes it, None for an empty one."""
    if given is None:
        return None
    return postal_address(
        line1=given.line1,
        line2=given.line2,
        city=given.city,
        region=given.state,
        postal_code=given.postal_code,
        country=given.country,
    )


def _text(found: Mapping[str, object], name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) else None
