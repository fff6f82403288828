"""The payments of a charge over several invoices beside the one under the charge's own key. Pure.

No event names them: the charge says what was paid in all, and links say of which invoices and how much of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.index.index import Index
from bridge.index.payment_links import charge_of_share, share_key
from bridge.index.posted import Posted, order_of
from bridge.reconciliation.events import Events, ExpectedDocument
from contracts.keys import SourceKey
from contracts.money import total

PAYMENT = "Payment"
PLACE = (PAYMENT, "charge")


@dataclass(frozen=True, slots=True)
class SharedCharges:
    """By charge what of it was booked on other invoices; by invoice all that lies on it, or lay, of such charges."""

    elsewhere: Mapping[SourceKey, tuple[ExpectedDocument, ...]]
    on_invoice: Mapping[SourceKey | None, tuple[ExpectedDocument, ...]]

    def on_others(self, charge: SourceKey) -> Decimal:
        """What lies on other invoices of one charge."""
        return _sum_of(self.elsewhere.get(charge, ()))


def shared_charges(events: Events, index: Index) -> SharedCharges:
    """What was booked of the charges that several invoices share, also where somebody deleted it since."""
    charges = {key: wanted for (entity, key), wanted in events.wanted.items() if (entity, key.kind) == PLACE}
    keys = {key: {share_key(key, each): None for each in index.payment_links.documents_of(key)} for key in charges}
    for key in index.identities.documents():  # because a link that a marker alone says goes with its payment
        charge = charge_of_share(key)
        if charge in charges:
            keys[charge][key] = None
    found = {charge: tuple(_parts(charges[charge], those, index)) for charge, those in keys.items()}
    elsewhere = {charge: parts for charge, parts in found.items() if parts}
    on_invoice: dict[SourceKey | None, tuple[ExpectedDocument, ...]] = {}
    for charge, parts in elsewhere.items():
        for part in (*parts, *_own_part(charges[charge], parts, index)):
            on_invoice[part.invoice] = (*on_invoice.get(part.invoice, ()), part)
    return SharedCharges(elsewhere, on_invoice)


def _parts(wanted: ExpectedDocument, keys: Iterable[SourceKey], index: Index) -> Iterator[ExpectedDocument]:
    for key in keys:
        payment = _payment_of(key, index)
        if payment is not None:
            yield replace(wanted, key=key, total=payment.written, invoice=order_of(payment))


def _own_part(wanted: ExpectedDocument, others: Iterable[ExpectedDocument], index: Index) -> Iterator[ExpectedDocument]:
    """What lies under the charge's own key, or lay there: the rest, on the invoice that its marker names."""
    payment = _payment_of(wanted.key, index)
    if payment is not None and wanted.total is not None:
        yield replace(wanted, total=wanted.total - _sum_of(others), invoice=order_of(payment))


def _payment_of(key: SourceKey, index: Index) -> Posted | None:
    """The payment in the books, else what the record of Ids says of it."""
    return index.get(PAYMENT, key) or index.identities.placeholder(PAYMENT, key)


def _sum_of(parts: Iterable[ExpectedDocument]) -> Decimal:
    return total(each.total for each in parts if each.total is not None)
