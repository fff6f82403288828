"""The payments of a charge over several invoices beside the one under the charge's own key. Pure.

No event names them: the charge says what was paid in all, and links say of which invoices and how much of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from bridge.index.index import Index
from bridge.index.payment_links import share_key
from bridge.index.posted import order_of
from bridge.reconciliation.companions import SEPARATOR
from bridge.reconciliation.events import Events, ExpectedDocument
from contracts.keys import SourceKey
from contracts.money import total

PAYMENT = "Payment"
PLACE = (PAYMENT, "charge")
Shares = dict[SourceKey, tuple[ExpectedDocument, ...]]


def shares_booked(events: Events, index: Index) -> Shares:
    """By charge what was booked of it on other invoices, also where somebody deleted it since."""
    charges = {key: wanted for (entity, key), wanted in events.wanted.items() if (entity, key.kind) == PLACE}
    keys = {key: {share_key(key, each): None for each in index.payment_links.documents_of(key)} for key in charges}
    for key in index.identities.documents():  # because a link that a marker alone says goes with its payment
        charge = SourceKey(key.system, "charge", key.id.partition(SEPARATOR)[0])
        if charge in keys and key.kind == "transaction" and SEPARATOR in key.id:
            keys[charge][key] = None
    found = {charge: tuple(_parts(charges[charge], those, index)) for charge, those in keys.items()}
    return {charge: parts for charge, parts in found.items() if parts}


def _parts(wanted: ExpectedDocument, keys: Iterable[SourceKey], index: Index) -> Iterator[ExpectedDocument]:
    for key in keys:
        payment = index.get(PAYMENT, key) or index.identities.placeholder(PAYMENT, key)
        if payment is not None:
            yield replace(wanted, key=key, total=payment.written, invoice=order_of(payment))


def own_part(wanted: ExpectedDocument, shares: Sequence[ExpectedDocument], index: Index) -> ExpectedDocument | None:
    """What lies under the charge's own key, or lay there: the rest, on the invoice that its marker names."""
    payment = index.get(PAYMENT, wanted.key) or index.identities.placeholder(PAYMENT, wanted.key)
    invoice = order_of(payment) if payment is not None else None
    if invoice is None or wanted.total is None:
        return None
    return replace(wanted, total=wanted.total - sum_of(shares), invoice=invoice)


def sum_of(shares: Sequence[ExpectedDocument]) -> Decimal:
    """What lies on other invoices of one charge."""
    return total(each.total for each in shares if each.total is not None)
