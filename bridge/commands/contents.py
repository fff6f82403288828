"""What an event is about, in the words of people: its document and sale, the order's name, what it is worth. Pure.

Only for showing and finding: nothing is booked by it, so it reads what is there of an event that nothing can book.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bridge.decoding.record import decode_record, decode_to_show
from contracts.containment import contained
from contracts.dead_letters import DEAD_LETTER_PREFIX
from contracts.entities import number
from contracts.envelope import Envelope
from contracts.errors import RecordError
from contracts.keys import SourceKey
from contracts.money import from_stripe, plain
from contracts.records import InboundRecord
from contracts.sizes import SHOWN_TEXT_MAX, cut_text
from mappings.documents import document_of

NAMES = ("name", "order_number", "id", "order_id", "charge", "payment_intent", "invoice")
AMOUNTS = ("total_price", "amount", "total")
STRIPE_AMOUNTS = ("amount", "total", "amount_total", "amount_due")
ORDER_IDS = ("shopify_order_id", "order_id")
"""Under which key of its metadata a charge names the shop's order."""
_CHARGE_ID = re.compile(rb"\b(?:ch|py)_[A-Za-z0-9]{6,}\b")
"""Stripe's ids of charges and payments, wherever an event names them."""
_ROWS = {"source_order_id": "order", "source_order_transaction_id": "transaction"}
"""What a row of a Shopify payout names, and of which kind that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventContent:
    """What one event is about; None and empty for what it does not say.

    `name` is what people call the order, `names` all by which the event may be found. `refers` are the documents that
    it names as parts of itself: charges behind a transaction, and what the rows of a payout pay out. `amount` is what
    the document is worth in `currency`, `dated` the day that it was placed or moved on.
    """

    document: SourceKey | None = None
    sale: SourceKey | None = None
    name: str | None = None
    names: frozenset[str] = frozenset()
    refers: frozenset[SourceKey] = frozenset()
    amount: Decimal | None = None
    currency: str | None = None
    dated: date | None = None

    @property
    def amount_text(self) -> str | None:
        """The amount in the currency's own number of decimals, None where it is not known."""
        return None if self.amount is None else plain(self.amount, self.currency)

    @property
    def worth(self) -> str:
        """The amount with its currency for people; empty where it is not known."""
        return "" if self.amount is None else f"{self.amount_text} {self.currency or ''}".strip()

    def as_json(self) -> dict[str, object]:
        """What it is about, as the commands tell it."""
        return {
            "document": str(self.document) if self.document else None,
            "order": self.name,
            "amount": self.amount_text,
            "currency": self.currency,
        }


NOTHING_READ = EventContent()


def content_of(record: InboundRecord) -> EventContent:
    """What the event in `record` is about; only the charges that it names where it cannot be read."""
    value = record.value or b""
    # because the search costs as much as reading the event, and most events name no charge
    charges = [each.decode() for each in _CHARGE_ID.findall(value)] if b"ch_" in value or b"py_" in value else []
    headers = tuple(each for each in record.headers if not each[0].startswith(DEAD_LETTER_PREFIX))
    event = replace(record, headers=headers)
    found = _read(event, charges, decode_to_show)
    # because an amount that is written with a fraction is exact only in the slower way
    return found if found.amount is not None else _read(event, charges, decode_record)


def _read(
    record: InboundRecord, charges: Sequence[str], decode: Callable[[InboundRecord], Envelope | None]
) -> EventContent:
    try:
        with contained():
            envelope = decode(record)
            return _content(envelope, charges) if envelope is not None else NOTHING_READ
    except RecordError:
        return EventContent(names=frozenset(charges), refers=frozenset(_charge(each) for each in charges))


def _content(envelope: Envelope, charges: Sequence[str]) -> EventContent:
    body = envelope.body
    document, sale = document_of(envelope), sale_of(envelope)
    amount, currency = _worth(envelope)
    name = body.get("name") if envelope.event_type.startswith("orders/") else None
    said = {str(body[key]).removeprefix("#") for key in NAMES if _is_name(body.get(key))}
    refers = {*map(_charge, charges), *_rows_of(body)} - {document}
    return EventContent(
        document=document,
        sale=sale,
        name=cut_text(name, SHOWN_TEXT_MAX) if isinstance(name, str) else None,
        names=frozenset({*said, *charges, *(key.id for key in (document, sale) if key is not None)}),
        refers=frozenset(refers),
        amount=amount,
        currency=cut_text(currency, SHOWN_TEXT_MAX) if currency else None,
        dated=_day_of(body),
    )


def _is_name(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _day_of(body: Mapping[str, Any]) -> date | None:
    """The day as it is written, of Stripe's in UTC; None for what says none that can be read."""
    written, seconds = body.get("processed_at") or body.get("created_at"), body.get("created")
    try:
        if isinstance(written, str):
            return date.fromisoformat(written[:10])
        return datetime.fromtimestamp(seconds, tz=UTC).date() if isinstance(seconds, int) else None
    except (ValueError, OverflowError, OSError):
        return None


def _charge(ident: str) -> SourceKey:
    return SourceKey("stripe", "charge", ident)


def _rows_of(body: Mapping[str, Any]) -> Iterator[SourceKey]:
    """The orders and transactions that the rows of a Shopify payout name."""
    rows = body.get("balance_transactions")
    for row in rows if isinstance(rows, list | tuple) else ():
        for name, kind in _ROWS.items():
            if isinstance(row, Mapping) and row.get(name):
                yield SourceKey("shopify", kind, str(row[name]))


def sale_of(envelope: Envelope) -> SourceKey | None:
    """The order or charge that an event belongs to, as far as its body names it."""
    body, document = envelope.body, document_of(envelope)
    if envelope.system == "stripe":
        return _stripe_sale(body, document)
    if document is not None and document.kind == "order":
        return document
    order = body.get("order_id")
    return SourceKey(envelope.system, "order", str(order)) if isinstance(order, str | int) and order else document


def _stripe_sale(body: Mapping[str, Any], document: SourceKey | None) -> SourceKey | None:
    metadata = body.get("metadata")
    order = next((metadata[key] for key in ORDER_IDS if metadata.get(key)), None) if metadata else None
    if isinstance(order, str | int):
        return SourceKey("shopify", "order", str(order))
    charge = body.get("charge")
    charge = charge.get("id") if isinstance(charge, Mapping) else charge
    return SourceKey("stripe", "charge", charge) if isinstance(charge, str) else document


def _worth(envelope: Envelope) -> tuple[Decimal | None, str | None]:
    """What the document of an event comes to, and in which currency; a refund what was handed back by it."""
    body, currency = envelope.body, envelope.body.get("currency")
    if envelope.system == "stripe":
        return _stripe_worth(body, currency)
    rows = body.get("transactions")
    if envelope.event_type.startswith("refunds/") and isinstance(rows, list):
        handed_back = [row for row in rows if isinstance(row, Mapping)]
        amounts = [amount for row in handed_back if (amount := number(row.get("amount"))) is not None]
        currency = next((row["currency"] for row in handed_back if isinstance(row.get("currency"), str)), currency)
        return sum(amounts, Decimal(0)), currency if isinstance(currency, str) else None
    amount = next((found for name in AMOUNTS if (found := number(body.get(name))) is not None), None)
    return amount, currency if isinstance(currency, str) else None


def _stripe_worth(body: Mapping[str, Any], currency: object) -> tuple[Decimal | None, str | None]:
    """Stripe tells whole numbers of the smallest unit."""
    amount = next((found for name in STRIPE_AMOUNTS if isinstance(found := body.get(name), int)), None)
    if amount is None or not isinstance(currency, str):
        return None, None
    money = from_stripe(amount, currency)
    return money.number, money.currency
