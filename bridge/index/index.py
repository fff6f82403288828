"""What QBO already holds of ours, in memory: SourceKey -> entity, Id, SyncToken, total and what we last wrote.

QBO can return PrivateNote but not filter on it, so the index is filled by paging what was created since a bound
and reading the markers. It holds nothing that cannot be rebuilt. `remember` takes rows of the warm-up and answers to
our own writes alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from bridge.index.bank_entries import BANK_ENTITIES, BankEntries
from bridge.index.combined import CombinedPayments
from bridge.index.earlier_money import EarlierMoney
from bridge.index.foreign_payments import OtherPayments
from bridge.index.identities import Identities
from bridge.index.money_names import name_of
from bridge.index.name_list import NameList
from bridge.index.packed import PackedDocuments, Place, PlacesOfSales, id_at, key_at, place_at
from bridge.index.payment_links import PaymentLinks, links_of, read_note
from bridge.index.posted import (
    VOIDED,
    Posted,
    day,
    form_of,
    linked,
    linked_lines,
    order_named,
    order_of,
    ranked,
    shipping_of,
    split_by_invoice,
    token,
)
from bridge.index.sale_place import place_of
from bridge.index.unmarked import FoundByFacts
from contracts.entities import Entity, number, part
from contracts.keys import BODY_MONEY, SourceKey
from contracts.marker import CREDITS, SALES, Marker, MarkerField, amount_in, text_in
from contracts.marker_seal import MarkerSeal, SealedNote
from contracts.posting import Version
from contracts.quickbooks import CustomerDraft, InvoiceDraft, ItemDraft

__all__ = ["VOIDED", "Index", "Posted", "order_of"]

"""The forms on which a sale stands; a sale has one of them that lives."""
UNMARKED = frozenset({*SALES, "Payment", "CreditMemo", "RefundReceipt"})
"""What is kept of documents that are not ours: an order may be among them."""
_OF_A_SALE = frozenset({"Payment", "CreditMemo", "JournalEntry", "RefundReceipt"})


class _OurMarker(NamedTuple):
    """The marker of a row of ours; `marked` while its note holds it, `marker_known` when these are all its pairs.

    `proven` when more than this marker shows that the bridge wrote them here.
    """

    marker: Marker
    marked: bool
    marker_known: bool = True
    proven: bool = True


class Index:
    """Everything of ours in one company, and the names that are taken there; `seal` tells what is ours."""

    def __init__(self, seal: MarkerSeal, *, complete_since: datetime) -> None:
        self.seal = seal
        self.complete_since = complete_since
        self.customers = NameList(seal)
        self.items = NameList(seal)
        self._numbers_taken: set[tuple[str, str]] = set()
        self._posted = PackedDocuments()
        self._by_sale = PlacesOfSales()
        self._place_of_id: dict[bytes, Place] = {}
        self._duplicates: dict[tuple[str, SourceKey], dict[str, Posted]] = {}
        self._drifted: dict[tuple[str, SourceKey], Posted] = {}
        self._seen: dict[SourceKey, Version] = {}
        self._unrecorded: set[tuple[str, SourceKey]] = set()
        self._unapplied: set[SourceKey] = set()
        self._open_credits: set[SourceKey] = set()
        self.identities = Identities()
        self.payment_links = PaymentLinks()
        self.others = OtherPayments()
        self.earlier_money = EarlierMoney()
        self.unmarked = FoundByFacts()
        self.bank_entries = BankEntries()
        self.combined = CombinedPayments()
        self._own_sales: FoundByFacts | None = None

    @property
    def own_sales(self) -> FoundByFacts:
        """The live sales of ours by what people write on them; made when it is first asked for, and kept since."""
        if self._own_sales is None:
            self._own_sales = FoundByFacts(each for each in self._posted if each.entity in SALES)
        return self._own_sales

    def __len__(self) -> int:
        return len(self._posted)

    def get(self, entity: str, key: SourceKey) -> Posted | None:
        """What is in the books under `key`, None when nothing is."""
        return self._posted.get(place_at(entity, key))

    def sale(self, key: SourceKey) -> Posted | None:
        """The form on which the sale `key` stands: the one that lives, else the one that was voided."""
        found = [posted for entity in SALES if (posted := self.get(entity, key)) is not None]
        return min(found, key=lambda posted: posted.voided, default=None)

    def payments_of(self, order: SourceKey) -> tuple[Posted, ...]:
        """The live payments for one order or charge, in the order of their keys."""
        found = self._every_payment(order)
        return tuple(posted for posted in found if not posted.voided and not posted.is_application)

    def voided_payments_of(self, order: SourceKey) -> tuple[Posted, ...]:
        """The payments for one order or charge that a person voided."""
        found = self._every_payment(order)
        return tuple(posted for posted in found if posted.voided and not posted.voided_by_us)

    def applications_of(self, order: SourceKey) -> tuple[Posted, ...]:
        """The live payments of nothing that put credit memos on the invoice of `order`."""
        found = self._every_payment(order)
        return tuple(posted for posted in found if not posted.voided and posted.is_application)

    def sales_with_unapplied_money(self) -> tuple[SourceKey, ...]:
        """The sales of which a payment was left beside the invoice in part, or a credit may be open, in their order."""
        payments = (self.get("Payment", key) for key in self._unapplied)
        credits_ = (self.get("CreditMemo", key) for key in self._open_credits)
        return tuple(sorted({order_of(posted) for posted in (*payments, *credits_) if posted is not None}))

    def credits_of(self, order: SourceKey) -> tuple[Posted, ...]:
        """The live credit memos for one order, in the order of their keys."""
        return self._live_of_sale("CreditMemo", order)

    def entries_of(self, order: SourceKey) -> tuple[Posted, ...]:
        """The live journal entries about one order (its disputes, money that came late), in the order of their keys."""
        return self._live_of_sale("JournalEntry", order)

    def every_entry_of(self, order: SourceKey) -> tuple[Posted, ...]:
        """The same, and those that a person took out."""
        return self._of_sale("JournalEntry", order)

    def refunds_of(self, order: SourceKey) -> tuple[Posted, ...]:
        """The live refund receipts of one order, in the order of their keys."""
        return self._live_of_sale("RefundReceipt", order)

    def _live_of_sale(self, entity: str, order: SourceKey) -> tuple[Posted, ...]:
        return tuple(posted for posted in self._of_sale(entity, order) if not posted.voided)

    def _of_sale(self, entity: str, order: SourceKey) -> tuple[Posted, ...]:
        places = self._by_sale.of(place_at(entity, order))
        found = (posted for place in places if (posted := self._posted.get(place)) is not None)
        return tuple(sorted(found, key=lambda posted: posted.key))

    def duplicates(self) -> Mapping[tuple[str, SourceKey], tuple[Posted, ...]]:
        """Every document of which there are live copies in the books: ours first, whatever became of it, then those."""
        ours = {place: self.get(*place) or self.identities.placeholder(*place) for place in self._duplicates}
        return {
            place: (*([first] if (first := ours[place]) is not None else []), *copies.values())
            for place, copies in self._duplicates.items()
        }

    def drifted(self) -> tuple[Posted, ...]:
        """Every live entity whose total is not the one that we wrote."""
        return tuple(self._drifted.values())

    def newest(self, document: SourceKey) -> Version | None:
        """The newest version of `document` that the books reflect, from its marker or from what was noted beside."""
        forms = [posted for entity in SALES if (posted := self.get(entity, document)) is not None]
        known = [posted.version for posted in forms] + [self._seen.get(document)]
        return max((version for version in known if version), default=None)

    def note_version(self, document: SourceKey, version: Version) -> None:
        """Remember that the books reflect `version` although no entity says so (nothing had to be written for it)."""
        before = self._seen.get(document)
        self._seen[document] = max(version, before) if before else version
        self.earlier_money.add(document, version)
        self.combined.note(document, version)
        for other, share in (read_note(version) or {}).items():
            if other.kind == "payment_intent":
                self.payment_links.add(other, document)
            else:
                self.payment_links.add(document, other, share)

    def remember(self, entity: str, body: Entity, *, in_full: bool = False, slim: bool = False) -> Posted | None:
        """Take in one row or answer. Gives what is ours of a transaction; None for name lists and strangers.

        With `in_full` the lines and the tax of a sale or a credit memo are kept too; a `slim` row
        lacks what is about people.
        """
        if entity == "Customer":
            self.customers.remember_customer(body)
            return None
        if entity == "Item":
            self.items.remember_item(body)
            return None
        note = self.seal.read(entity, str(body.get("PrivateNote") or ""))
        posted = self._read(entity, body, note)
        has_form = entity in (*SALES, *CREDITS) or _is_late_money(posted)
        if posted is not None and has_form and (in_full or posted.has_gift_cards):
            posted = replace(posted, form=form_of(body))
        if posted is not None and entity in SALES and not slim:
            posted = replace(posted, place=place_of(body))
        if posted is not None:
            self._keep(posted)
            self._forget_stranger(entity, posted.id)
        if posted is not None and not self._is_copy(posted):
            return posted
        if entity in UNMARKED | BANK_ENTITIES and "Id" in body:
            self._remember_stranger(entity, body, note, is_copy=posted is not None, in_full=in_full)
        return None

    def _remember_stranger(self, entity: str, body: Entity, note: SealedNote, *, is_copy: bool, in_full: bool) -> None:
        """Take in what is not ours: it may be what is about to be created, or be linked to what is ours."""
        stranger = Marker(SourceKey("quickbooks", entity.lower(), str(body["Id"])), {})
        document = _posted(entity, body, _OurMarker(stranger, marked=False), note)
        if entity == "Payment":
            self.others.remember(document, asked=in_full)
        if entity in BANK_ENTITIES and not is_copy:
            self.bank_entries.remember(document, body)
        elif not is_copy:  # because a copy of what is ours is told, and never taken for an order
            form = form_of(body) if in_full and entity != "Payment" else None
            self.unmarked.remember(replace(document, form=form, is_current=in_full))

    def adopt(self, document: Posted) -> None:
        """Take what a person made for ours by its Id alone: it takes no change, so its note does not say it."""
        self.identities.own(document.entity, document.id, document.key, document.marker_fields)
        self._forget_stranger(document.entity, document.id)
        self._keep(document)

    def _forget_stranger(self, entity: str, ident: str) -> None:
        """It is ours, or deleted."""
        self.unmarked.forget(entity, ident)
        self.bank_entries.forget(entity, ident)

    def remember_answer(self, entity: str, body: Entity, sent: Mapping[str, Any]) -> Posted | None:
        """Take in the answer to a write of ours: its Id is of what was `sent`, whoever carries the marker besides."""
        # because the memo that a void answers with is whatever a person made of it
        marker = self._sent_marker(entity, sent)
        if marker is not None and "Id" in body:
            self.identities.own(entity, str(body["Id"]), marker.key, marker.fields)
        return self.remember(entity, body)

    def own_void(self, entity: str, key: SourceKey) -> None:
        """Record that the bridge itself has voided it: QBO does not say who did, and the marker is written again later.

        What is recorded then is what that marker will say.
        """
        identity = self.identities.of(entity, key)
        if identity is not None:
            kept = (MarkerField.SALE, MarkerField.VERSION)
            fields = {name: text for name, text in identity.fields.items() if name in kept}
            fields |= {MarkerField.CONTENT: VOIDED, MarkerField.TOTAL: "0"}
            self.identities.own(entity, identity.id, key, fields, proven=identity.proven)

    def own_answered(self, entity: str, body: Entity) -> None:
        """Record the Id in an answer to what is expected, before the books are read: its memo may be cleared by now."""
        note, ident = str(body.get("PrivateNote") or ""), body.get("Id")
        marker = self.seal.find(entity, note)
        if marker is not None and ident is not None and self.identities.was_sent(entity, marker.key, marker.fields):
            self.identities.own(entity, str(ident), marker.key, marker.fields)

    def expect(self, entity: str, sent: Mapping[str, Any]) -> None:
        """Note what was sent and not answered: QBO may show it, now or later, before anybody has recorded it."""
        marker = self._sent_marker(entity, sent)
        if marker is not None:
            self.identities.expect(entity, marker.key, marker.fields)

    def _sent_marker(self, entity: str, sent: Mapping[str, Any]) -> Marker | None:
        note = sent.get("PrivateNote")
        return self.seal.find(entity, note) if isinstance(note, str) else None

    def record_believed(self) -> None:
        """Record the Ids of what only its marker shows to be ours; call it when all rows of a reading are taken in.

        Until then a copy could be taken for its original, which has the lower Id.
        """
        for place in self._unrecorded:
            posted = self.get(*place)
            if posted is not None and self.identities.of(*place) is None:
                own, fields = self.identities.own, posted.marker_fields
                own(posted.entity, posted.id, posted.key, fields, complete=posted.marker_known, proven=posted.proven)
        self._unrecorded.clear()

    def load(self, entity: str, rows: Iterable[Entity]) -> None:
        """`remember` for many slim rows, as a warm-up reads them."""
        for row in rows:
            self.remember(entity, row, slim=True)

    def knows(self, entity: str, ident: str) -> bool:
        """True for an Id that is one of ours."""
        known = self._of(entity, ident)
        return known is not None and not self._is_copy(known)

    def unread(self, documents: Iterable[SourceKey]) -> tuple[Posted, ...]:
        """What is recorded of these documents, and of the money of these sales, and no reading has shown."""
        places = dict.fromkeys(
            place
            for key in documents
            for place in (
                *((entity, key) for entity in self.identities.types_of(key)),
                *sorted(self.identities.of_sale(key)),
                *self.identities.with_money(name_of(key)),
            )
        )
        found = (self.identities.placeholder(*place) for place in places if place_at(*place) not in self._posted)
        return tuple(posted for posted in found if posted is not None)

    def catch_up(self, entity: str, row: Entity, *, nothing_written_since: bool) -> Posted | None:
        """Take in a row that was read some time ago; None when it is not ours or what is known of it is not older.

        Unless `nothing_written_since` a write of ours may have changed it after this row was read: it is read again.
        """
        known = self._of(entity, str(row.get("Id")))
        if known is not None and token(row.get("SyncToken")) <= token(known.sync_token):
            return None
        posted = self.remember(entity, row, slim=True)
        if posted is not None and known is not None and not (known.is_current or nothing_written_since):
            self.mark_stale(entity, posted.key)
        return posted

    def mark_stale(self, entity: str, key: SourceKey) -> None:
        """Note that QBO has changed an entity's SyncToken unseen."""
        posted = self.get(entity, key)
        if posted is not None:
            self._posted.put(place_at(entity, key), replace(posted, is_current=False))
            if entity == "CreditMemo":
                self._open_credits.add(key)

    def mark_stale_with(self, posted: Posted) -> None:
        """Note that QBO has changed everything unseen that is linked to it, payments of others in between or not."""
        between = [payment for ident in posted.linked_to if (payment := self.others.get(ident)) is not None]
        lines = (line for each in (posted, *between) for line in each.lines)
        for link in (link for line in lines for link in line["LinkedTxn"]):
            linked_to = self._of(link["TxnType"], link["TxnId"])
            if linked_to is not None and linked_to.id != posted.id:
                self.mark_stale(linked_to.entity, linked_to.key)
        self.others.forget(posted.linked_to)

    def disown(self, entity: str, key: SourceKey) -> None:
        """Drop an entity that the bridge itself has deleted."""
        # because a copy of it that a person made must not take its place
        copies = self._duplicates.pop((entity, key), None)
        self.forget(entity, key)
        self.identities.disown(entity, key)
        if copies:
            self._duplicates[entity, key] = copies

    def forget(self, entity: str, key: SourceKey) -> None:
        """Drop an entity that now answers to another key."""
        place = place_at(entity, key)
        posted = self._posted.pop(place)
        self._drifted.pop((entity, key), None)
        if posted is not None and self._own_sales is not None:
            self._own_sales.forget(entity, posted.id)
        for keys in (self._unapplied, self._open_credits):
            keys.discard(key)
        if posted is not None and entity in _OF_A_SALE:
            self._by_sale.discard(place_at(entity, order_of(posted)), place)
        for duplicate in self._duplicates.pop((entity, key), {}).values():
            self._keep(duplicate)

    def mark_deleted(self, entity: str, ident: str) -> Posted | None:
        """A person deleted it: it counts like one that they voided, and is not made again. None when it is not ours."""
        self._forget_stranger(entity, ident)
        posted = self._of(entity, ident)
        if posted is None:
            return None
        nothing = Decimal(0)
        deleted = replace(
            posted,
            voided=True,
            deleted=True,
            is_current=True,
            marked=True,  # because there is no note any more that a marker could go back to
            total=nothing,
            applied=nothing,
            lines=(),
            elsewhere=(),
        )
        self._keep(deleted)
        return None if self._is_copy(deleted) else deleted

    def reserve_number(self, entity: str, number: str) -> None:
        """Note that QBO refuses `number` for a new entity of this type: somebody else's document holds it.

        Nobody has published whether numbers are unique for each type or over all sales forms, so what was refused for
        one type is not taken as refused for another.
        """
        self._numbers_taken.add((entity, number))

    def is_number_taken(self, entity: str, number: str) -> bool:
        """True for a number that QBO has refused for this type."""
        return (entity, number) in self._numbers_taken

    def keeps_customer(self, posted: Posted | None, draft: InvoiceDraft) -> bool:
        """True for a sale that stays with its customer: a person chose it, or other rules booked the same buyer so."""
        if posted is None:
            return False
        is_a_persons = posted.customer_changed or posted.was_adopted
        return is_a_persons or self.customers.is_same_buyer(posted.customer_id, draft.buyers)

    def customer_id(self, key: SourceKey, draft: CustomerDraft | None, currency: str) -> str | None:
        """The Id of the customer that `key` and `draft` mean, in that currency."""
        return self.customers.find_customer(key, draft, currency)

    def item_id(self, key: SourceKey, draft: ItemDraft | None) -> str | None:
        """The Id of the item that `key` and `draft` mean."""
        return self.items.find_item(key, draft)

    def _every_payment(self, order: SourceKey) -> Iterable[Posted]:
        """The payments of one order, with what is on its invoice told apart from what is elsewhere."""
        invoice = self.get("Invoice", order)
        found = self._of_sale("Payment", order)
        return [split_by_invoice(payment, invoice.id) for payment in found] if invoice is not None else found

    def _of(self, entity: str, ident: str) -> Posted | None:
        """What is known of ours under this Id: as it was read last, else as it is recorded."""
        recorded = self.identities.key_of(entity, ident)
        place = self._place_of_id.get(id_at(entity, ident))
        key = recorded if place is None else key_at(place)
        if key is None:
            return None
        posted = self.get(entity, key)
        if posted is not None and posted.id == ident:
            return posted
        copy = self._duplicates.get((entity, key), {}).get(ident)
        return copy or (self.identities.placeholder(entity, key) if recorded == key else None)

    def _keep(self, posted: Posted) -> None:
        ident, place = id_at(posted.entity, posted.id), place_at(posted.entity, posted.key)
        before = self._place_of_id.get(ident, place)
        if before != place:
            self._drop(posted.entity, key_at(before), posted.id)
        self._place_of_id[ident] = place
        holder = self._posted.get(place)
        first, others = self._ranked(posted, holder)
        named = (posted.entity, posted.key)
        if others:
            self._duplicates[named] = {duplicate.id: duplicate for duplicate in others}
        if first is None:
            return
        self._posted.put(place, first)
        if self._own_sales is not None and first.entity in SALES:
            self._own_sales.remember(first)
        if first.voided or first.total_unchanged:
            self._drifted.pop(named, None)
        else:
            self._drifted[named] = first
        self._note_unapplied(first)
        if posted.entity in _OF_A_SALE:
            if holder is not None and order_of(holder) != order_of(first):
                self._by_sale.discard(place_at(posted.entity, order_of(holder)), place)
            self._by_sale.add(place_at(posted.entity, order_of(first)), place)
            for money, document, share in links_of(first):
                self.payment_links.add(money, document, share)
        elif posted.entity == "Invoice" and holder is not None and _gave_back(holder, first):
            for payment in (*self.payments_of(posted.key), *self.applications_of(posted.key)):
                self.mark_stale("Payment", payment.key)
            # because a credit that QBO had put on it is open again, and may be wanted elsewhere
            self.mark_stale_with(replace(holder, lines=()))

    def _note_unapplied(self, posted: Posted) -> None:
        if posted.entity == "Payment":
            unapplied = not posted.voided and MarkerField.APPLIED in posted.marker_fields
            (self._unapplied.add if unapplied else self._unapplied.discard)(posted.key)
        elif posted.entity == "CreditMemo":
            is_open = not posted.voided and bool(posted.balance)
            (self._open_credits.add if is_open else self._open_credits.discard)(posted.key)

    def _ranked(self, posted: Posted, holder: Posted | None) -> tuple[Posted | None, list[Posted]]:
        """Ours of all that carry this marker, None where it was not read; and the live others."""
        place = (posted.entity, posted.key)
        copies = (holder, *self._duplicates.pop(place, {}).values())
        recorded = self.identities.of(*place)
        if recorded is None:
            self._unrecorded.add(place)
            first, *others = ranked(posted, *copies)
            return first, others
        # because a marker is copied with its document: only the Id tells which of them the bridge wrote
        known = {each.id: each for each in (*copies, posted) if each is not None}
        others = [each for each in known.values() if each.id != recorded.id and not each.voided]
        return known.get(recorded.id), others

    def _drop(self, entity: str, key: SourceKey, ident: str) -> None:
        """The Id answers to another key now."""
        posted = self.get(entity, key)
        if posted is not None and posted.id == ident:
            self.forget(entity, key)
        elif self._duplicates.get((entity, key), {}).pop(ident, None) and not self._duplicates[entity, key]:
            del self._duplicates[entity, key]

    def _marker(self, entity: str, ident: str, note: SealedNote) -> _OurMarker | None:
        """The row's marker, None for a stranger's; of one that is known to be ours the last one that it had.

        A void may overwrite the note, and a person may clear it: neither makes a stranger of what is ours.
        """
        recorded = self.identities.key_of(entity, ident)
        if recorded is not None:
            return self._recorded_marker(entity, ident, note, recorded)
        marker = note.find()
        if marker is not None:
            # because a signature proves the key alone, only what was sent in so many words is more than a claim
            return _OurMarker(marker, True, proven=self.identities.was_sent(entity, marker.key, marker.fields))
        known = self._of(entity, ident)
        if known is not None and self._is_copy(known):
            self._drop(entity, known.key, ident)
            return None
        if known is None:
            return None
        return _OurMarker(Marker(known.key, known.marker_fields), False, known.marker_known, known.proven)

    def _recorded_marker(self, entity: str, ident: str, note: SealedNote, recorded: SourceKey) -> _OurMarker:
        """What was written last on what is recorded under `recorded`, whatever a person made of its memo."""
        taken_over = note.find()
        if taken_over is not None and self._takes_over(entity, taken_over, recorded):
            self.identities.own(entity, ident, taken_over.key, taken_over.fields)
            return _OurMarker(taken_over, marked=True)
        marker = note.find(recorded)
        said = marker.fields if marker is not None else {}
        if marker is not None and self.identities.was_sent(entity, recorded, said):
            self.identities.own(entity, ident, recorded, said)
        fields, all_known = self.identities.written(entity, recorded, said)
        identity = self.identities.of(entity, recorded)
        proven = identity is None or identity.proven
        return _OurMarker(Marker(recorded, fields), marker is not None, all_known, proven)

    def _takes_over(self, entity: str, marker: Marker, recorded: SourceKey) -> bool:
        """Whether what is recorded under another key can stand for the marker's document, which nothing else does.

        One payment takes over another one of its sale, and an owner that was killed then has not recorded it yet.
        """
        identity = self.identities.of(entity, recorded)
        if identity is None or marker.key == recorded or self.identities.of(entity, marker.key) is not None:
            return False
        # because a memo that was pasted from another payment must not move this one's money there
        sent = self.identities.was_sent(entity, marker.key, marker.fields)
        return sent and order_named(recorded, identity.fields) == order_named(marker.key, marker.fields)

    def _is_copy(self, posted: Posted) -> bool:
        """True for what carries a marker of ours and is not what the bridge wrote."""
        recorded = self.identities.of(posted.entity, posted.key)
        return recorded is not None and recorded.id != posted.id

    def _read(self, entity: str, body: Entity, note: SealedNote) -> Posted | None:
        found = self._marker(entity, str(body["Id"]), note) if "Id" in body else None
        return None if found is None else _posted(entity, body, found, note)


def _posted(entity: str, body: Entity, ours: _OurMarker, note: SealedNote) -> Posted:
    marker = ours.marker
    total = number(body.get("Amount" if entity == "Transfer" else "TotalAmt"))
    lines = linked_lines(body) if entity == "Payment" else ()
    links = body.get("LinkedTxn") or ()
    return Posted(
        entity=entity,
        key=marker.key,
        id=str(body["Id"]),
        sync_token=str(body.get("SyncToken", "0")),
        total=total if total is not None else Decimal(0),
        currency=_value(body.get("CurrencyRef")),
        customer_id=_value(body.get("CustomerRef")),
        doc_number=_text(body.get("DocNumber")),
        deposit_to=_counter_account(body) if entity == "JournalEntry" else _value(body.get("DepositToAccountRef")),
        reference=_text(body.get("PaymentRefNum")) if entity == "RefundReceipt" else None,
        deposited=any(link.get("TxnType") == "Deposit" for link in links),
        linked_to=tuple(str(link.get("TxnId")) for link in links if link.get("TxnType") == "Payment"),
        balance=number(body.get("Balance")),
        tax=number(part(body, "TxnTaxDetail").get("TotalTax")),
        marker_fields=dict(marker.fields),
        applied=sum((linked(line, "Invoice") for line in lines), Decimal(0)),
        lines=lines,
        txn_date=day(body.get("TxnDate")),
        exchange_rate=number(body.get("ExchangeRate")),
        shipping=shipping_of(body),
        voided=_is_voided(note.text, marker, total, lines),
        human_note=note.human_part,
        marked=ours.marked,
        marker_known=ours.marker_known,
        proven=ours.proven,
    )


def _counter_account(body: Entity) -> str | None:
    """The account of the one line on its side of a journal entry of ours, the last of two: where money was moved."""
    lines = [line for line in body.get("Line") or () if line.get("DetailType") == "JournalEntryLineDetail"]
    sides = [part(line, "JournalEntryLineDetail") for line in lines]
    last = sides[-1] if sides else {}
    alone = sum(side.get("PostingType") == last.get("PostingType") for side in sides) == 1
    return _value(last.get("AccountRef")) if alone else None


def _is_late_money(posted: Posted | None) -> bool:
    """True for an entry of money that only the body of an order of earlier books tells: its amount may change."""
    return posted is not None and posted.entity == "JournalEntry" and posted.key.kind == BODY_MONEY


def _is_voided(note: str, marker: Marker, total: Decimal | None, lines: Sequence[Entity]) -> bool:
    """QBO says so in the note itself: "Voided" set or put in front (recorded 2025-06); our own marker says it too."""
    # because anybody may begin a note with that word: what is void has lost its total, and of nothing its links
    lost = not total and (bool(amount_in(marker.fields, MarkerField.TOTAL)) or not lines)
    says_so = note.startswith("Voided") and lost
    return says_so or text_in(marker.fields, MarkerField.CONTENT) == VOIDED


def _gave_back(before: Posted, now: Posted) -> bool:
    """True when an invoice can have let go of payments: it became smaller or void, or its customer changed."""
    return now.total < before.total or now.voided != before.voided or now.customer_id != before.customer_id


def _value(reference: object) -> str | None:
    value = reference.get("value") if isinstance(reference, Mapping) else None
    return str(value) if value is not None else None


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None
