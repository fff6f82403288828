"""Who paid, in Stripe's words."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.quickbooks import ADDRESS_LINE_MAX, ADDRESS_PART_MAX, POSTAL_CODE_MAX, Address
from contracts.stripe import BillingDetails, StripeAddress, id_or_object
from mappings.customers import Person
from mappings.names import cut


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
    """A postal address in QBO's lengths, None for an empty one."""
    if given is None:
        return None
    found = Address(
        line1=cut(given.line1, ADDRESS_LINE_MAX),
        line2=cut(given.line2, ADDRESS_LINE_MAX),
        city=cut(given.city, ADDRESS_PART_MAX),
        region=cut(given.state, ADDRESS_PART_MAX),
        postal_code=cut(given.postal_code, POSTAL_CODE_MAX),
        country=cut(given.country, ADDRESS_PART_MAX),
    )
    return found if found != Address() else None


def _text(found: Mapping[str, object], name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) else None
