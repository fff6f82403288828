"""What the bridge reads of its sources' bodies, as JSON Schemas made from the models that read them.

Null counts as absent, and a field that is not named here is ignored; so each of them accepts whatever is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from contracts.bodies import Body
from contracts.shopify import Order, Refund, Transaction
from contracts.stripe import Charge, CheckoutSession, PaymentIntent, StripeCustomer
from contracts.stripe_balance import Payout, StripeDispute, StripeRefund
from contracts.stripe_billing import CreditNote, InvoicePayment, StripeInvoice

Schema = dict[str, Any]

SHOPIFY: Sequence[type[Body]] = (Order, Refund, Transaction)
STRIPE: Mapping[str, type[Body]] = {
    "charge": Charge,
    "checkout.session": CheckoutSession,
    "credit_note": CreditNote,
    "customer": StripeCustomer,
    "dispute": StripeDispute,
    "invoice": StripeInvoice,
    "invoice_payment": InvoicePayment,
    "payment_intent": PaymentIntent,
    "payout": Payout,
    "refund": StripeRefund,
}
"""What stands in `data.object` of a Stripe event, by its own `object`."""


def read_schemas(models: Sequence[type[Body]], template: str) -> dict[str, Schema]:
    """The schemas of `models` and of their parts by name; references are spelled by `template`, with `{model}`."""
    _, made = models_json_schema([(model, "validation") for model in models], ref_template=template)
    return {name: _without_demands_on_absence(schema) for name, schema in made["$defs"].items()}


def _without_demands_on_absence(schema: Schema) -> Schema:
    required = schema.get("required", ())
    properties = {
        name: part if name in required else _or_null(part) for name, part in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties}


def _or_null(part: Schema) -> Schema:
    said = {name: value for name, value in part.items() if name not in {"title", "default"}}
    null = {"type": "null"}
    if not said or null in said.get("anyOf", ()):
        return said
    return {"anyOf": [*said.get("anyOf", [said]), null]}
