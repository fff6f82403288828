"""Event types that the bridge knows and does not book yet: `ignored` with `not_yet_mapped`, never `unknown_type`.

A type leaves this list when a mapping claims it; the registry refuses both at once.
"""

from __future__ import annotations

from contracts.envelope import Envelope
from contracts.posting import Ignored
from mappings.documents import document_of
from mappings.registry import maps
from mappings.rules import MappingRules

SHOPIFY = """
orders/edited orders/delete customers/create customers/update products/create products/update
fulfillments/create fulfillments/update disputes/create disputes/update
""".split()


@maps("shopify", *SHOPIFY)
def map_nothing_yet(envelope: Envelope, rules: MappingRules) -> Ignored:  # noqa: ARG001 - every mapping has both
    """Nothing to book for now."""
    return Ignored(
        code="not_yet_mapped", message="this type of event is not booked yet", document=document_of(envelope)
    )
