"""What is part of what among Stripe's money: a payment intent ended in a charge, a charge or an intent pays an invoice.

Markers tell most of it: the payment of a charge names its intent (`p`) and the document that it is on (`o`). What is
known before the money or before the document is noted in the journal, as the version of the part.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.index.posted import Posted, order_of
from contracts.keys import SourceKey
from contracts.marker import MarkerField, text_in
from contracts.posting import Version

_OF = "of "

Link = tuple[SourceKey, SourceKey]
"""A part and its whole."""


class PaymentLinks:
    """Links between parts and wholes, each whole once for a part; a part belongs to one document."""

    def __init__(self, links: Iterable[Link] = ()) -> None:
        self._document: dict[tuple[SourceKey, str], SourceKey] = {}
        self._parts: dict[SourceKey, dict[SourceKey, None]] = {}
        for payment, document in links:
            self.add(payment, document)

    def add(self, payment: SourceKey, document: SourceKey) -> None:
        """Learn a link; of an intent both its charge and its document are kept apart."""
        self._document[payment, "charge" if document.kind == "charge" else "document"] = document
        self._parts.setdefault(document, {})[payment] = None

    def charge_of(self, intent: SourceKey) -> SourceKey | None:
        """The charge that a payment intent ended in; a charge is its own."""
        return intent if intent.kind == "charge" else self._document.get((intent, "charge"))

    def document_of(self, payment: SourceKey) -> SourceKey | None:
        """The document that a charge or an intent is said to pay."""
        return self._document.get((payment, "document"))

    def payments_of_document(self, document: SourceKey) -> tuple[SourceKey, ...]:
        """Everything that is said to be part of `document`."""
        return tuple(self._parts.get(document, ()))


def links_of(payment: Posted) -> tuple[Link, ...]:
    """What the payment of a charge tells: the intent that it ended (`p`), and the document that it was moved to."""
    if payment.entity != "Payment" or payment.key.kind != "charge":
        return ()
    intent, document = text_in(payment.marker_fields, MarkerField.INTENT), order_of(payment)
    ended = ((SourceKey(payment.key.system, "payment_intent", intent), payment.key),) if intent else ()
    return (*ended, (payment.key, document)) if document != payment.key else ended


def lost(payment: SourceKey) -> SourceKey:
    """Under which name it is noted that this charge or intent failed before anything of it was booked.

    Not under its own, which says what it is part of.
    """
    return SourceKey(payment.system, "lost", payment.id)


def noted(document: SourceKey) -> Version:
    """A link as the journal keeps it."""
    return Version(0, 0, f"{_OF}{document}")


def read_note(version: Version) -> SourceKey | None:
    """The whole in a note of the journal, None in one that is about a version."""
    return SourceKey.parse(version.content.removeprefix(_OF)) if version.content.startswith(_OF) else None
