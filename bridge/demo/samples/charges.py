"""Stripe's events of sample charges: `charge.succeeded`, and the payment intent that tells the same fact again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bridge.demo.samples.catalogue import Buyer
from contracts.money import from_stripe, stripe_decimals_of

Json = dict[str, object]
FEE_SHARE = Decimal("0.029")
FEE_FIXED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCharge:
    """One successful charge. `order_id` makes it the money of a shop's order; `expanded` carries its fee along."""

    id: str
    amount: Decimal
    currency: str
    buyer: Buyer
    at: datetime
    description: str
    order_id: int | None = None
    expanded: bool = False
    livemode: bool = True

    @property
    def minor(self) -> int:
        """The amount in Stripe's smallest units."""
        return int(self.amount.scaleb(stripe_decimals_of(self.currency)))

    @property
    def fee_minor(self) -> int:
        """What Stripe keeps, in smallest units."""
        return int(self.minor * FEE_SHARE) + FEE_FIXED

    @property
    def fee(self) -> Decimal:
        """What Stripe keeps."""
        return from_stripe(self.fee_minor, self.currency).number


def charge_event(charge: SampleCharge, event_id: str) -> Json:
    """`charge.succeeded` as a snapshot event."""
    return _event(event_id, "charge.succeeded", charge, _charge_object(charge))


def intent_event(charge: SampleCharge, event_id: str) -> Json:
    """`payment_intent.succeeded`: the same money, which names its charge by id only."""
    intent: Json = {
        "id": charge.id.replace("ch_", "pi_"),
        "object": "payment_intent",
        "amount": charge.minor,
        "amount_received": charge.minor,
        "currency": charge.currency.lower(),
        "created": int(charge.at.timestamp()),
        "description": charge.description,
        "customer": None,
        "latest_charge": charge.id,
        "livemode": charge.livemode,
        "metadata": _metadata(charge),
        "receipt_email": charge.buyer.email,
        "shipping": None,
        "status": "succeeded",
    }
    return _event(event_id, "payment_intent.succeeded", charge, intent)


def _event(event_id: str, event_type: str, charge: SampleCharge, document: Json) -> Json:
    return {
        "id": event_id,
        "object": "event",
        "api_version": "2026-08-26.dahlia",
        "created": int(charge.at.timestamp()) + 1,
        "data": {"object": document},
        "livemode": charge.livemode,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": event_type,
    }


def _charge_object(charge: SampleCharge) -> Json:
    return {
        "id": charge.id,
        "object": "charge",
        "amount": charge.minor,
        "amount_captured": charge.minor,
        "amount_refunded": 0,
        "balance_transaction": _balance(charge) if charge.expanded else charge.id.replace("ch_", "txn_"),
        "billing_details": {
            "name": charge.buyer.name,
            "email": charge.buyer.email,
            "phone": None,
            "address": {
                "line1": charge.buyer.street,
                "line2": None,
                "city": charge.buyer.city,
                "state": charge.buyer.province,
                "postal_code": charge.buyer.postal_code,
                "country": "US",
            },
        },
        "captured": True,
        "created": int(charge.at.timestamp()),
        "currency": charge.currency.lower(),
        "customer": None,
        "description": charge.description,
        "livemode": charge.livemode,
        "metadata": _metadata(charge),
        "paid": True,
        "payment_intent": charge.id.replace("ch_", "pi_"),
        "receipt_email": charge.buyer.email,
        "refunded": False,
        "shipping": None,
        "status": "succeeded",
    }


def _balance(charge: SampleCharge) -> Json:
    return {
        "id": charge.id.replace("ch_", "txn_"),
        "object": "balance_transaction",
        "amount": charge.minor,
        "currency": charge.currency.lower(),
        "exchange_rate": None,
        "fee": charge.fee_minor,
        "fee_details": [{"amount": charge.fee_minor, "currency": charge.currency.lower(), "type": "stripe_fee"}],
        "net": charge.minor - charge.fee_minor,
        "source": charge.id,
        "type": "charge",
    }


def _metadata(charge: SampleCharge) -> Json:
    return {} if charge.order_id is None else {"order_id": str(charge.order_id)}
