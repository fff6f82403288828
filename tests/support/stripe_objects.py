"""Stripe's other objects, of our own making: refunds, disputes, invoices, credit notes, payouts and balance rows."""

from __future__ import annotations

from collections.abc import Iterable

from tests.support.orders import Json

CHARGE_ID = "ch_3RqPm2Lk81XcQw0A1bZtYv77"
INTENT_ID = "pi_3RqPm2Lk81XcQw0A1KKKKKKK"
INVOICE_ID = "in_1RqPm0Lk81XcQw0AINVOICE1"
CREATED = 1772514000


def listed(rows: Iterable[Json]) -> Json:
    """A list as Stripe writes it."""
    return {"object": "list", "data": list(rows), "has_more": False}


def refund(amount: int = 1000, ident: str = "re_3RqPm2Lk81XcQw0A1AAAAAAA", **changes: object) -> Json:
    """A refund that succeeded."""
    body: Json = {
        "id": ident,
        "object": "refund",
        "amount": amount,
        "currency": "usd",
        "created": CREATED + 86400,
        "status": "succeeded",
        "charge": CHARGE_ID,
        "payment_intent": INTENT_ID,
        "reason": "requested_by_customer",
        "balance_transaction": "txn_3RqPm2Lk81XcQw0A1RRRRRRR",
        "metadata": {},
    }
    return {**body, **changes}


def row(kind: str, amount: int, source: str | Json | None, fee: int = 0, **changes: object) -> Json:
    """A row of the balance."""
    name = source["id"] if isinstance(source, dict) else source
    body: Json = {
        "id": f"txn_{kind}_{str(name)[-12:]}_{abs(amount)}",
        "object": "balance_transaction",
        "amount": amount,
        "fee": fee,
        "net": amount - fee,
        "currency": "usd",
        "created": CREATED + 10,
        "type": kind,
        "source": source,
        "description": None,
        "fee_details": [{"amount": fee, "currency": "usd", "type": "stripe_fee"}] if fee else [],
    }
    return {**body, **changes}


WITHDRAWN = row("adjustment", -2500, "du_1RqQZzLk81XcQw0ADISPUTE", 1500, id="txn_1withdrawn")
REINSTATED = row("adjustment", 2500, "du_1RqQZzLk81XcQw0ADISPUTE", -1500, id="txn_2reinstated")


def dispute(rows: Iterable[Json] = (WITHDRAWN,), **changes: object) -> Json:
    """A dispute of the whole charge."""
    body: Json = {
        "id": "du_1RqQZzLk81XcQw0ADISPUTE",
        "object": "dispute",
        "amount": 2500,
        "currency": "usd",
        "created": CREATED + 864000,
        "status": "needs_response",
        "reason": "product_not_received",
        "charge": CHARGE_ID,
        "payment_intent": INTENT_ID,
        "balance_transactions": list(rows),
    }
    return {**body, **changes}


def billed(amount: int, text: str = "Studio plan (at $25.00 / month)", **changes: object) -> Json:
    """A line of an invoice in the shape since 2025-03-31."""
    body: Json = {
        "id": f"il_1RqPm0Lk81XcQw0A{amount}",
        "object": "line_item",
        "amount": amount,
        "currency": "usd",
        "description": text,
        "quantity": 1,
        "pricing": {"type": "price_details", "unit_amount_decimal": str(amount)},
        "taxes": [],
        "discount_amounts": [],
    }
    return {**body, **changes}


def added_tax(amount: int, rate: str = "txr_1StateTax", *, behaviour: str = "exclusive") -> Json:
    """A tax in the shape since 2025-03-31."""
    return {
        "amount": amount,
        "tax_behavior": behaviour,
        "tax_rate_details": {"tax_rate": rate},
        "type": "tax_rate_details",
    }


def invoice(lines: list[Json] | None = None, total: int = 2500, **changes: object) -> Json:
    """An open invoice in the shape since 2025-03-31."""
    body: Json = {
        "id": INVOICE_ID,
        "object": "invoice",
        "number": "8F3C1A27-0004",
        "currency": "usd",
        "created": CREATED - 3600,
        "effective_at": CREATED - 60,
        "due_date": None,
        "status": "open",
        "total": total,
        "subtotal": total,
        "amount_due": total,
        "amount_paid": 0,
        "amount_remaining": total,
        "starting_balance": 0,
        "ending_balance": 0,
        "customer": "cus_Q1w2E3r4T5",
        "customer_name": "Ines Moreau",
        "customer_email": "ines@example.com",
        "customer_address": None,
        "lines": listed([billed(2500)] if lines is None else lines),
        "total_taxes": [],
        "total_discount_amounts": [],
        "status_transitions": {"finalized_at": CREATED - 60},
    }
    return {**body, **changes}


def paid_invoice(lines: list[Json] | None = None, total: int = 2500, **changes: object) -> Json:
    """The same when it is paid."""
    paid: Json = {"status": "paid", "amount_paid": total, "amount_remaining": 0}
    return invoice(lines, total, **{**paid, **changes})


def invoice_payment(**changes: object) -> Json:
    """Which payment intent paid which invoice."""
    body: Json = {
        "id": "inpay_1RqPm3Lk81XcQw0APAYMENT",
        "object": "invoice_payment",
        "amount_paid": 2500,
        "amount_requested": 2500,
        "currency": "usd",
        "created": CREATED - 60,
        "invoice": INVOICE_ID,
        "is_default": True,
        "payment": {"type": "payment_intent", "payment_intent": INTENT_ID},
        "status": "paid",
    }
    return {**body, **changes}


def credit_note(total: int = 1099, **changes: object) -> Json:
    """A credit note before payment."""
    body: Json = {
        "id": "cn_1RqPm9Lk81XcQw0ACREDIT1",
        "object": "credit_note",
        "number": "8F3C1A27-0004-CN-01",
        "currency": "usd",
        "created": CREATED + 3600,
        "status": "issued",
        "type": "pre_payment",
        "invoice": INVOICE_ID,
        "customer": "cus_Q1w2E3r4T5",
        "total": total,
        "amount": total,
        "discount_amount": 0,
        "lines": listed([{"amount": total, "description": "T-shirt", "quantity": 1, "taxes": []}]),
        "total_taxes": [],
        "refunds": [],
    }
    return {**body, **changes}


def payout(amount: int, rows: list[Json] | None = None, **changes: object) -> Json:
    """A payout with its rows; its own row is added to them."""
    ident = "po_1RqbcdLk81XcQw0APAYOUT1"
    body: Json = {
        "id": ident,
        "object": "payout",
        "amount": amount,
        "currency": "usd",
        "created": CREATED + 172800,
        "arrival_date": 1772755200,
        "automatic": True,
        "method": "standard",
        "status": "paid",
        "type": "bank_account",
    }
    if rows is not None:
        body["balance_transactions"] = listed([row("payout", -amount, ident), *rows])
    return {**body, **changes}
