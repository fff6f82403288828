"""The marker: our one line in PrivateNote (Notes of a customer) that says which source document an entity is.

`[qbb:shopify:order:450789469 v=1732220000.3 h=9f2c1a7e t=398.00 s=Zk3vQ0a1Bc]`. It is found wherever it stands in the
note (`marker_seal.py`); what a person wrote beside it is kept. Its pairs stay in customers' books for ever: `CATALOGUE`
says what each means. People and other tools can write any text there, so a pair is untrusted: the readers give None for
what we would not write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from contracts.keys import SourceKey

TEXT_MAX = 255
"""No hash, id or key that we write is longer."""

PAIR_PATTERN = r" ([a-z]+)=([^\s\]]*)"
_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")
_AGE = re.compile(r"([0-9]{1,16})\.([0-9]{1,9})")
_QBO_ID = re.compile(r"[0-9]{1,19}")


class MarkerField(StrEnum):
    """The key of a pair. Keys are persistent: they are added, never renamed and never given another meaning."""

    VERSION = "v"
    CONTENT = "h"
    TOTAL = "t"
    SALE = "o"
    RECEIVED = "r"
    INTENT = "p"
    APPLIED = "a"
    CUSTOMER = "c"
    GIFT_CARDS = "g"
    SHIPMENTS = "f"
    WRITTEN = "w"
    SHOWN = "x"
    CHANGE = "k"
    CHARGED = "m"
    SOURCE_EVENT = "b"
    ADOPTED = "d"
    STANDS_FOR = "u"
    SIGNATURE = "s"


@dataclass(frozen=True, slots=True)
class FieldFormat:
    """What a pair means, what its value looks like, which entities carry it, and the release that wrote it first."""

    meaning: str
    unit: str
    on: tuple[str, ...]
    since: str = "0.1.0"


SALES = ("Invoice", "SalesReceipt")
CREDITS = ("CreditMemo", "RefundReceipt")
TRANSACTIONS = (*SALES, "Payment", *CREDITS, "Deposit", "JournalEntry")
CATALOGUE: Mapping[MarkerField, FieldFormat] = {
    MarkerField.VERSION: FieldFormat(
        "version of the source document whose content was written last",
        "seconds since the epoch, a dot, the rank of the document's state",
        (*SALES, "Payment"),
    ),
    MarkerField.CONTENT: FieldFormat(
        "digest of the content that was written last, of a payout of the figures that were told; `void` once the "
        "bridge itself has voided the document",
        "hexadecimal digits, or `void`",
        (*SALES, "Payment", "Deposit", "JournalEntry"),
    ),
    MarkerField.TOTAL: FieldFormat(
        "total that was written last: another one in the books is a person's change",
        "amount in the document's currency, with the currency's number of decimals",
        (*SALES, "Payment", *CREDITS, "Deposit"),
    ),
    MarkerField.SALE: FieldFormat(
        "sale that a payment, credit or refund belongs to",
        "`id` of an order, `kind:id` of anything else, `system:kind:id` of another source's document",
        ("Payment", *CREDITS, "JournalEntry"),
    ),
    MarkerField.SOURCE_EVENT: FieldFormat(
        "what told a dispute whose own event had not come", "`payout`: a row of a payout", ("JournalEntry",)
    ),
    MarkerField.RECEIVED: FieldFormat(
        "all that the body of the sale said was received, when this money was written for what only it tells",
        "amount in the document's currency",
        ("Payment", "JournalEntry"),
    ),
    MarkerField.INTENT: FieldFormat(
        "payment intent that ended in this charge", "id of the intent at its source", ("Payment",)
    ),
    MarkerField.APPLIED: FieldFormat(
        "how much of the payment was put on its own invoice, where that is less than all of it",
        "amount in the document's currency",
        ("Payment",),
    ),
    MarkerField.CUSTOMER: FieldFormat(
        "customer that it was written for: another one in the books is a person's change",
        "Id in QBO",
        (*SALES, "Payment", *CREDITS),
    ),
    MarkerField.GIFT_CARDS: FieldFormat(
        "gift cards that paid for a part of the sale, in the order of their lines at the end of the form",
        "`kind.id:amount` each, joined by commas",
        SALES,
    ),
    MarkerField.SHIPMENTS: FieldFormat(
        "newest state of each fulfillment of the sale",
        "`id:seconds.rank:tracking:date:method` each, parts percent-encoded, joined by commas",
        SALES,
    ),
    MarkerField.SHOWN: FieldFormat(
        "what a customer of another currency saw the sale come to, its worth in the sale's own currency, and how much "
        "of it gift cards told in the customer's have paid",
        "`currency:amount:amount:amount`",
        SALES,
    ),
    MarkerField.CHANGE: FieldFormat(
        "change that was given back out of the payment, by its transactions; the payment is without it",
        "`id:amount` each, joined by commas",
        ("Payment",),
    ),
    MarkerField.CHARGED: FieldFormat(
        "what came in by the charge of which the payment is one invoice's share",
        "amount in the document's currency",
        ("Payment",),
    ),
    MarkerField.ADOPTED: FieldFormat(
        "how a document that a person made was taken for ours",
        "`same`: with the order's total, `other`: with another, `id`: by its Id alone; the last two are never changed",
        TRANSACTIONS,
    ),
    MarkerField.STANDS_FOR: FieldFormat(
        "money of the source that an adopted payment stands for, where that is not its own amount",
        "amount in the document's currency",
        ("Payment",),
    ),
    MarkerField.WRITTEN: FieldFormat(
        "fingerprint of what was written of a customer: a row that says something else was changed by a person",
        "eight hexadecimal digits",
        ("Customer",),
    ),
    MarkerField.SIGNATURE: FieldFormat(
        "signature that proves that the bridge wrote the marker for this entity of this company",
        "ten characters of base64url",
        ("Customer", *TRANSACTIONS),
    ),
}
"""Every key; `bridge/FORMATS.md` shows the same to people."""


@dataclass(frozen=True, slots=True)
class Marker:
    """The key of the source document and the short facts that travel with it, by the keys of `MarkerField`."""

    key: SourceKey
    fields: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        pairs = "".join(f" {name}={value}" for name, value in self.fields.items())
        return f"[qbb:{self.key}{pairs}]"


# Readers of pairs: untrusted text in, None for what is absent or not as we write it; none of them raises -------------


def text_in(fields: Mapping[str, str], name: MarkerField) -> str | None:
    """A hash, a fingerprint or an id: printable, at most `TEXT_MAX` characters."""
    text = fields.get(name, "")
    return text if 0 < len(text) <= TEXT_MAX and text.isprintable() else None


def amount_in(fields: Mapping[str, str], name: MarkerField) -> Decimal | None:
    """An amount of money, in the currency of the document that carries it."""
    return read_amount(fields.get(name, ""))


def qbo_id_in(fields: Mapping[str, str], name: MarkerField) -> str | None:
    """The Id of another entity in QBO."""
    text = fields.get(name, "")
    return text if _QBO_ID.fullmatch(text) else None


def age_in(fields: Mapping[str, str]) -> tuple[int, int] | None:
    """The seconds and the rank of the version that was written last."""
    return read_age(fields.get(MarkerField.VERSION, ""))


def read_amount(text: str) -> Decimal | None:
    """A plain decimal number of at most 15 digits before the point and 6 behind it: no exponent, no other digits."""
    return Decimal(text) if _AMOUNT.fullmatch(text) else None


def read_age(text: str) -> tuple[int, int] | None:
    """`seconds.rank`: at most 16 and 9 digits."""
    found = _AGE.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None
