"""What is part of what among Stripe's money: a payment intent ended in a charge, a charge or an intent pays an invoice.

Markers tell most of it: the payment of a charge names its intent (`p`) and the document that it is on (`o`). What is
known before the money or before the document is noted in the journal, as the version of the part. One payment may be
of several documents, each with its own share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import orjson

from bridge.index.posted import Posted, order_of
from contracts.keys import SourceKey
from contracts.marker import MarkerField, text_in
from contracts.money import written_out
from contracts.posting import Version

_OF = "of "

Link = tuple[SourceKey, SourceKey]
"""A part and its whole."""
Shares = Mapping[SourceKey, Decimal | None]
"""The documents that a payment is of, with its share of each; None where nobody has told it."""


class PaymentLinks:
    """Links between parts and wholes, each whole once for a part."""

    def __init__(self, links: Iterable[Link] = (), shares: Iterable[tuple[SourceKey, SourceKey, Decimal]] = ()) -> None:
        self._charge: dict[SourceKey, SourceKey] = {}
        self._documents: dict[SourceKey, dict[SourceKey, Decimal | None]] = {}
        self._parts: dict[SourceKey, dict[SourceKey, None]] = {}
        for payment, document in links:
            self.add(payment, document)
        for payment, document, share in shares:
            self.add(payment, document, share)

    def add(self, payment: SourceKey, document: SourceKey, share: Decimal | None = None) -> None:
        """Learn a link; of an intent both its charge and its documents are kept apart. A share that is known stays."""
        self._parts.setdefault(document, {})[payment] = None
        if document.kind == "charge":
            self._charge[payment] = document
            return
        documents = self._documents.setdefault(payment, {})
        documents[document] = larger(share, documents.get(document))

    def charge_of(self, intent: SourceKey) -> SourceKey | None:
        """The charge that a payment intent ended in; a charge is its own."""
        return intent if intent.kind == "charge" else self._charge.get(intent)

    def documents_of(self, payment: SourceKey) -> Shares:
        """The documents that a charge or an intent is said to pay, by its own name."""
        return self._documents.get(payment, {})

    def payments_of_document(self, document: SourceKey) -> tuple[SourceKey, ...]:
        """Everything that is said to be part of `document`."""
        return tuple(self._parts.get(document, ()))


def larger(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """The larger of two tellings of one share; what is told beats what is not."""
    return max((each for each in (one, other) if each is not None), default=None)


def share_key(charge: SourceKey, document: SourceKey) -> SourceKey:
    """The payment of `document` in a charge over several, beside the one that has the charge's key."""
    return SourceKey(charge.system, "transaction", f"{charge.id}.{document.id}")


def charge_of_share(key: SourceKey) -> SourceKey | None:
    """The charge of which this is a `share_key`; None for any other key."""
    charge, apart, _ = key.id.partition(".")
    return SourceKey(key.system, "charge", charge) if apart and key.kind == "transaction" else None


def links_of(payment: Posted) -> tuple[tuple[SourceKey, SourceKey, Decimal | None], ...]:
    """What the payment of a charge tells: the intent that it ended (`p`), and the document that it was moved to.

    Of a share beside it the charge is told by its own key, and its amount is the share.
    """
    if payment.entity != "Payment":
        return ()
    document = order_of(payment)
    charge = charge_of_share(payment.key)
    if charge is not None and payment.key == share_key(charge, document):
        return () if payment.voided else ((charge, document, payment.total),)
    if payment.key.kind != "charge":
        return ()
    intent = text_in(payment.marker_fields, MarkerField.INTENT)
    ended = ((SourceKey(payment.key.system, "payment_intent", intent), payment.key, None),) if intent else ()
    return (*ended, (payment.key, document, None)) if document != payment.key else ended


def lost(payment: SourceKey) -> SourceKey:
    """Under which name it is noted that this charge or intent failed before anything of it was booked.

    Not under its own, which says what it is part of.
    """
    return SourceKey(payment.system, "lost", payment.id)


def noted(documents: Shares) -> Version:
    """Links of one payment as the journal keeps them; the intent of a charge that the shop books stands among them."""
    said = {str(document): None if share is None else written_out(share) for document, share in documents.items()}
    # because the next note of the same payment knows more, and only a greater one is kept
    facts = len(said) - 1 + sum(share is not None for share in said.values())
    return Version(0, facts, _OF + orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode())


def read_note(version: Version) -> Shares | None:
    """The wholes in a note of the journal, None in one that is about a version."""
    if not version.content.startswith(_OF):
        return None
    said = orjson.loads(version.content.removeprefix(_OF))
    return {SourceKey.parse(name): None if share is None else Decimal(share) for name, share in said.items()}
