"""A checkout is booked by the charge or the invoice that it ends in, never a second time; its tax only it tells."""

from __future__ import annotations

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.money import from_stripe
from contracts.posting import Caution, Ignored
from contracts.stripe import CheckoutSession
from mappings.documents import document_of
from mappings.registry import maps
from mappings.rules import MappingRules


@maps("stripe", "checkout.session.completed", "checkout.session.async_payment_succeeded")
def map_session(envelope: Envelope, rules: MappingRules) -> Ignored:  # noqa: ARG001 - every mapping has both
    """Nothing to book, and a warning where the sale of its charge holds tax that the charge does not tell."""
    session = read_body(CheckoutSession, envelope.body, "checkout session")
    document = document_of(envelope)
    if session.payment_status == "unpaid":
        message = "nothing is paid yet; the charge books it when it is"
        return Ignored(code="skipped_by_rule", message=message, document=document)
    message = "the charge or the invoice of this checkout books it"
    return Ignored(code="skipped_by_rule", message=message, document=document, warnings=_warnings(session))


def _warnings(session: CheckoutSession) -> tuple[Caution, ...]:
    tax = session.total_details.amount_tax if session.total_details else None
    if not tax or session.invoice is not None:
        return ()
    part = "A part" if session.currency is None else f"{from_stripe(tax, session.currency)}"
    said = f"{part} of this checkout is tax, and its charge does not say so: it is booked as sales, not as tax owed"
    return (Caution("checkout_tax", f"{said}; let Checkout make an invoice (invoice_creation), which tells it"),)
