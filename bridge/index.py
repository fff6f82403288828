"""What QBO already holds of ours, in memory: SourceKey -> entity, Id, SyncToken, total and what we last wrote.

QBO can return PrivateNote but not filter on it, so the index is filled by paging what was created since a bound
and reading the markers. It holds nothing that cannot be rebuilt. `remember` takes rows of the warm-up and answers to
our own writes alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from bridge.names import NameList
from bridge.quickbooks import wire
from bridge.quickbooks.wire import Entity
from contracts.keys import SourceKey
from contracts.posting import Version
from contracts.quickbooks import CustomerDraft, ItemDraft
from mappings.notes import Marker, find_marker, human_part

VOIDED = "void"
"""The content hash in the marker of a document that the bridge itself voided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One transaction of ours as QBO last showed it.

    `facts` are the pairs of its marker. `applied` is what a payment puts on its invoice, `open` what an invoice still
    waits for, as far as known. `fresh` is false once something else (a payment that was linked) has moved the
    SyncToken unseen. `marked` is false for one of ours whose note has lost the marker.
    """

    entity: str
    key: SourceKey
    id: str
    sync_token: str
    total: Decimal
    currency: str | None
    customer_id: str | None
    doc_number: str | None = None
    balance: Decimal | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    applied: Decimal = Decimal(0)
    voided: bool = False
    human_note: str = ""
    fresh: bool = True
    marked: bool = True

    @property
    def version(self) -> Version | None:
        """The version of the source document that was last written, None when the marker names none."""
        seconds, _, rank = self.facts.get("v", "").partition(".")
        if not seconds.isdigit() or not rank.isdigit():
            return None
        return Version(int(seconds), int(rank), self.facts.get("h", ""))

    @property
    def voided_by_us(self) -> bool:
        """True for a void that the source asked for, False for one that a person made."""
        return self.facts.get("h") == VOIDED

    @property
    def written(self) -> Decimal:
        """The total that we wrote last; the one in the books where the marker does not say."""
        written = wire.number(self.facts.get("t"))
        return self.total if written is None else written

    @property
    def untouched(self) -> bool:
        """False when its total is no longer the one that we wrote: a person changed it."""
        return self.written == self.total


class Index:
    """Everything of ours in one company, and the names that are taken there."""

    def __init__(self, *, complete_since: datetime) -> None:
        self.complete_since = complete_since
        self.customers = NameList()
        self.items = NameList()
        self.numbers_taken: set[str] = set()
        self._posted: dict[tuple[str, SourceKey], Posted] = {}
        self._payments: dict[SourceKey, set[SourceKey]] = {}
        self._key_of: dict[tuple[str, str], SourceKey] = {}
        self._seen: dict[SourceKey, Version] = {}

    def __len__(self) -> int:
        return len(self._posted)

    def get(self, entity: str, key: SourceKey) -> Posted | None:
        """What is in the books under `key`, None when nothing is."""
        return self._posted.get((entity, key))

    def payments_of(self, order: SourceKey) -> tuple[Posted, ...]:
        """The live payments for one order or charge, in the order of their keys."""
        return tuple(posted for posted in self._every_payment(order) if not posted.voided)

    def voided_payments_of(self, order: SourceKey) -> tuple[Posted, ...]:
        """The payments for one order or charge that a person voided."""
        found = self._every_payment(order)
        return tuple(posted for posted in found if posted.voided and not posted.voided_by_us)

    def newest(self, document: SourceKey) -> Version | None:
        """The newest version of `document` that the books reflect, from its marker or from what was noted beside."""
        posted = self._posted.get(("Invoice", document))
        known = [version for version in (posted.version if posted else None, self._seen.get(document)) if version]
        return max(known, default=None)

    def note_version(self, document: SourceKey, version: Version) -> None:
        """Remember that the books reflect `version` although no entity says so (nothing had to be written for it)."""
        before = self._seen.get(document)
        self._seen[document] = max(version, before) if before else version

    def remember(self, entity: str, body: Entity) -> Posted | None:
        """Take in one row or answer. Gives what is ours of a transaction; None for name lists and strangers."""
        if entity == "Customer":
            self.customers.remember_customer(body)
            return None
        if entity == "Item":
            self.items.remember_item(body)
            return None
        posted = self._read(entity, body)
        if posted is not None:
            self._keep(posted)
        return posted

    def load(self, entity: str, rows: Iterable[Entity]) -> None:
        """`remember` for many."""
        for row in rows:
            self.remember(entity, row)

    def moved(self, entity: str, key: SourceKey) -> None:
        """Note that QBO has changed an entity's SyncToken unseen."""
        posted = self._posted.get((entity, key))
        if posted is not None:
            self._posted[entity, key] = replace(posted, fresh=False)

    def forget(self, entity: str, key: SourceKey) -> None:
        """Drop an entity that turned out to be gone, or that now answers to another key."""
        posted = self._posted.pop((entity, key), None)
        if posted is not None and entity == "Payment":
            self._payments.get(order_of(posted), set()).discard(key)

    def gone(self, entity: str, key: SourceKey) -> None:
        """A person deleted it: it counts like one that they voided, and is not made again."""
        posted = self._posted.get((entity, key))
        if posted is not None:
            nothing = Decimal(0)
            self._posted[entity, key] = replace(posted, voided=True, fresh=True, total=nothing, applied=nothing)

    def customer_id(self, key: SourceKey, draft: CustomerDraft | None, currency: str) -> str | None:
        """The Id of the customer that `key` and `draft` mean, in that currency."""
        return self.customers.find_customer(key, draft, currency)

    def item_id(self, key: SourceKey, draft: ItemDraft | None) -> str | None:
        """The Id of the item that `key` and `draft` mean."""
        return self.items.find_item(key, draft)

    def _every_payment(self, order: SourceKey) -> Iterable[Posted]:
        keys = sorted(self._payments.get(order, ()))
        return [posted for key in keys if (posted := self._posted.get(("Payment", key))) is not None]

    def _keep(self, posted: Posted) -> None:
        before = self._key_of.get((posted.entity, posted.id))
        if before is not None and before != posted.key:
            self.forget(posted.entity, before)
        self._key_of[posted.entity, posted.id] = posted.key
        holder = self.get(posted.entity, posted.key)
        if holder is not None and holder.id != posted.id and not holder.voided and posted.voided:
            return  # a void beside the live document that took its place
        self._posted[posted.entity, posted.key] = posted
        if posted.entity == "Payment":
            self._payments.setdefault(order_of(posted), set()).add(posted.key)
        elif posted.entity == "Invoice" and holder is not None and _gave_back(holder, posted):
            for payment in self.payments_of(posted.key):
                self.moved("Payment", payment.key)

    def _marker(self, entity: str, body: Entity) -> tuple[Marker | None, bool]:
        """The row's marker and whether its note holds it; of one that is known to be ours the last one that it had.

        A void may overwrite the note, and a person may clear it: neither makes a stranger of what is ours.
        """
        note = body.get("PrivateNote")
        marker = find_marker(note if isinstance(note, str) else None)
        if marker is not None:
            return marker, True
        key = self._key_of.get((entity, str(body.get("Id"))))
        known = self.get(entity, key) if key is not None else None
        return (Marker(known.key, known.facts) if known is not None else None), False

    def _read(self, entity: str, body: Entity) -> Posted | None:
        marker, marked = self._marker(entity, body)
        if marker is None or "Id" not in body:
            return None
        note = str(body.get("PrivateNote") or "")
        total = wire.number(body.get("TotalAmt"))
        return Posted(
            entity=entity,
            key=marker.key,
            id=str(body["Id"]),
            sync_token=str(body.get("SyncToken", "0")),
            total=total if total is not None else Decimal(0),
            currency=_value(body.get("CurrencyRef")),
            customer_id=_value(body.get("CustomerRef")),
            doc_number=_text(body.get("DocNumber")),
            balance=wire.number(body.get("Balance")),
            facts=dict(marker.facts),
            applied=_applied(body) if entity == "Payment" else Decimal(0),
            voided=_is_voided(note, marker),
            human_note=human_part(note),
            marked=marked,
        )


def order_of(payment: Posted) -> SourceKey:
    """The order or charge that a payment is for: `o` of its marker, or the id that both share."""
    if payment.key.kind == "payment":
        return SourceKey(payment.key.system, "order", payment.key.id)
    order = payment.facts.get("o")
    return SourceKey(payment.key.system, "order", order) if order else payment.key


def _is_voided(note: str, marker: Marker) -> bool:
    """QBO says so in the note itself: "Voided" set or put in front (recorded 2025-06); our own marker says it too."""
    return note.startswith("Voided") or marker.facts.get("h") == VOIDED


def _gave_back(before: Posted, now: Posted) -> bool:
    """True when an invoice can have let go of payments: it became smaller or void, or its customer changed."""
    return now.total < before.total or now.voided != before.voided or now.customer_id != before.customer_id


def _applied(body: Entity) -> Decimal:
    lines = body.get("Line")
    linked = [
        wire.number(line.get("Amount"))
        for line in (lines if isinstance(lines, list) else [])
        if any(link.get("TxnType") == "Invoice" for link in line.get("LinkedTxn") or ())
    ]
    return sum((amount for amount in linked if amount is not None), Decimal(0))


def _value(reference: object) -> str | None:
    value = reference.get("value") if isinstance(reference, Mapping) else None
    return str(value) if value is not None else None


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None
