"""What the books have of each document that the events ask for, and what they have twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from bridge.index.index import Index, Posted, order_of
from bridge.index.payment_links import lost
from bridge.reconciliation.booked import booked_as, came_back, deleted_since, was_booked
from bridge.reconciliation.companions import DeletedDocument, deleted_companions, late_credits
from bridge.reconciliation.events import EntityKey, Events, ExpectedDocument, UnmappedDocument
from bridge.reconciliation.late_money import IsOld, is_taken_over, late_entries, of_earlier_books
from bridge.reconciliation.shared_charges import SharedCharges, shared_charges
from contracts.keys import BODY_MONEY, SourceKey
from contracts.marker import SALES, TRANSACTIONS
from contracts.money import plain
from contracts.records import Place

"""A sale is one or the other, by what the rules said when it was booked first."""
COPIED = "more than one live document carries its marker"
BEFORE_START = "dated before the start of the books"


class Verdict(StrEnum):
    """What the books have of one document."""

    POSTED = "posted"
    """Once, with the total that the events say."""
    MISSING = "missing"
    EXTRA = "extra"
    """More than once, or although its source took it back."""
    DRIFTED = "drifted"
    """Once, but with another total."""
    VOIDED = "voided"
    """A person voided or deleted it."""
    CANCELLED = "cancelled"
    """Its source took it back: nothing has to be there."""
    IGNORED = "ignored"
    """Not to be booked, by a rule that needs more than the event itself."""
    WAITING = "waiting"
    """Money whose order is not in the books."""
    DEAD_LETTERED = "dead_lettered"
    """A person must act; the dead letters say why."""


WRONG = frozenset({Verdict.MISSING, Verdict.EXTRA})
"""What the bridge promises never to happen."""
BY_PEOPLE = frozenset({Verdict.DRIFTED, Verdict.VOIDED})
"""What people make of documents in QuickBooks: no fault of the bridge, and the books differ all the same."""
DIFFERS = WRONG | BY_PEOPLE | {Verdict.DEAD_LETTERED}
"""The books are not as the source is: a document that is an open dead letter is not in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One line of the report: `expected` by the events, `booked` what all live entities of it add up to."""

    entity: str
    key: SourceKey
    verdict: Verdict
    currency: str
    expected: Decimal | None
    booked: Decimal = Decimal(0)
    ids: tuple[str, ...] = ()
    why: str = ""
    records: tuple[Place, ...] = ()
    user_id: str | None = None
    """QuickBooks' number of the person who changed it last, where it tells one."""
    changed_at: str | None = None
    """When that was, as QuickBooks writes it."""
    companion: DeletedDocument | None = None
    """What no event names, and the record of Ids alone remembers."""

    def shown(self) -> dict[str, object]:
        """The line as JSON."""
        return {
            "document": str(self.key),
            "entity": self.entity,
            "verdict": self.verdict.value,
            "told": None if self.expected is None else plain(self.expected, self.currency),
            "booked": plain(self.booked, self.currency),
            "currency": self.currency or None,
            "ids": list(self.ids),
            "why": self.why or None,
            "user_id": self.user_id,
            "changed_at": self.changed_at,
            "records": [path_of(place) for place in self.records],
        }


def documents(
    events: Events,
    index: Index,
    letters: Mapping[Place, str],
    ignored: Mapping[Place, str],
    waiting: Collection[Place] | None = None,
) -> list[Document]:
    """Every document of `events` with its verdict, and every marker that the books hold twice.

    `letters` are the records that were dead-lettered and `ignored` those that were ignored, with their reason codes:
    they say why a document is not in the books. `waiting` are the records that wait for another document; None where
    nobody has looked: then money whose sale is nowhere is said to wait.
    """
    is_old, copies, unbooked = of_earlier_books(events, index), index.duplicates(), _unbooked(events, index)
    shares = shared_charges(events, index)
    evidence = _Evidence(events, index, is_old, letters, ignored, copies, waiting, unbooked, shares)
    asked_for = {wanted.key for wanted in events.wanted.values() if not wanted.taken_back}
    late = late_entries(events, index)
    asked = (wanted for (entity, key), wanted in events.wanted.items() if entity != "Payment" or key not in late)
    found = [_compared(wanted, evidence) for wanted in (*asked, *(each.wanted for each in late.values()))]
    there = (
        each
        for several in shares.elsewhere.values()
        for each in several
        if index.get(each.entity, each.key) is not None
    )
    found += [_compared(wanted, evidence) for wanted in there]
    found = [each for each in found if each.verdict is not Verdict.CANCELLED or each.ids or each.key not in asked_for]
    found += [_compared(entry, evidence) for payout, entry in events.returns.items() if came_back(payout, index)]
    found += [line for wanted in events.received.values() if (line := _received(wanted, evidence)) is not None]
    found += _deleted(found, evidence)
    found += [line for key, each in events.unmapped.items() if (line := _unmapped(key, each, evidence)) is not None]
    booked = (booked_as(each.entity, each.key, index) for each in found)
    named = {(each.entity, each.key) for each in found} | {(each.entity, each.key) for each in booked if each}
    found += [_copied(place, duplicates) for place, duplicates in evidence.duplicates.items() if place not in named]
    return sorted(found, key=lambda each: (each.entity, each.key))


def _deleted(found: Sequence[Document], evidence: _Evidence) -> list[Document]:
    """What stood beside those documents that are there; what is missing itself takes with it what stood beside it."""
    events, named = evidence.events, {(each.entity, each.key) for each in found}
    redeemed = (key for cards in events.redeemed.values() for key in cards)
    asked = {key for _, key in (*events.wanted, *events.received)} | set(redeemed)
    missing = {each.key for each in found if not each.ids}
    deleted = deleted_companions(asked - missing, evidence.index)
    return [_deleted_line(each, found) for each in deleted if (each.entity, each.key) not in named]


def _deleted_line(deleted: DeletedDocument, found: Sequence[Document]) -> Document:
    return Document(
        entity=deleted.entity,
        key=deleted.key,
        verdict=Verdict.VOIDED,
        currency=next((each.currency for each in found if each.key == deleted.of), ""),
        expected=deleted.total,
        ids=(deleted.identity.id,),
        why=f"the bridge booked it with {deleted.of}, and QuickBooks has it no more",
        companion=deleted,
    )


def _unmapped(key: SourceKey, unmapped: UnmappedDocument, evidence: _Evidence) -> Document | None:
    """The dead letter of a document of which nothing could be made; None where a body that is as new was booked."""
    events, index = evidence.events, evidence.index
    wanted = [each for (_, document), each in events.wanted.items() if document == key]
    newest, booked = index.newest(key), [entity for entity in TRANSACTIONS if index.get(entity, key) is not None]
    is_known_anew = any(each.age[0] >= unmapped.updated_at or not each.is_versioned for each in wanted)
    is_booked = bool(booked) if newest is None else newest.updated_at >= unmapped.updated_at
    if is_known_anew or is_booked or all(record in evidence.ignored for record in unmapped.records):
        return None
    codes = {evidence.letters.get(record, unmapped.code) for record in unmapped.records}
    return Document(
        entity=key.kind,
        key=key,
        verdict=Verdict.DEAD_LETTERED,
        currency="",
        expected=None,
        why=", ".join(sorted(codes)),
        records=unmapped.records,
    )


def _unbooked(events: Events, index: Index) -> dict[SourceKey, Decimal]:
    found: dict[SourceKey, Decimal] = {}
    for (entity, key), wanted in events.wanted.items():
        if wanted.invoice is not None and wanted.total and not wanted.taken_back and index.get(entity, key) is None:
            found[wanted.invoice] = found.get(wanted.invoice, Decimal(0)) + wanted.total
    return found


def totals(found: Iterable[Document]) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    """By type and currency: what the events say, and what the books hold. Documents without a total are left out."""
    sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for each in found:
        if each.expected is not None:
            expected, booked = sums.get((each.entity, each.currency), (Decimal(0), Decimal(0)))
            sums[each.entity, each.currency] = (expected + each.expected, booked + each.booked)
    return sums


def counts(found: Iterable[Document]) -> Counter[tuple[str, Verdict]]:
    """How many documents of each type have each verdict."""
    return Counter((each.entity, each.verdict) for each in found)


@dataclass(frozen=True, slots=True)
class _Evidence:
    events: Events
    index: Index
    is_old: IsOld
    letters: Mapping[Place, str]
    ignored: Mapping[Place, str]
    duplicates: Mapping[EntityKey, Sequence[Posted]]
    waiting: Collection[Place] | None
    unbooked: Mapping[SourceKey, Decimal]
    """By sale the money that events ask for under a key of its own and that is not in the books."""
    shares: SharedCharges

    def sale(self, order: SourceKey) -> Posted | None:
        """The sale of an order as the books have it."""
        return self.index.get("Invoice", order) or self.index.get("SalesReceipt", order)

    def absent_transactions(self, order: SourceKey) -> Decimal:
        """What transactions of the span say was received of an order, as far as the books have no payment of it."""
        on_it = self.shares.on_invoice.get(order, ())
        own = {each.key for each in on_it}
        asked = (*(each for each in self.events.payments_of(order) if each.key not in own), *on_it)
        those = ((wanted, self.index.get("Payment", wanted.key)) for wanted in asked)
        absent = (wanted for wanted, there in those if not wanted.taken_back and (there is None or there.voided))
        return sum((wanted.total for wanted in absent if wanted.total is not None), Decimal(0))

    def redeemed(self, order: SourceKey) -> Decimal:
        """What gift cards took off the invoice of an order."""
        return self.events.paid_by_card(order)


def _compared(wanted: ExpectedDocument, evidence: _Evidence) -> Document:
    is_sale = wanted.entity in SALES
    posted = evidence.sale(wanted.key) if is_sale else booked_as(wanted.entity, wanted.key, evidence.index)
    expected = wanted.total if posted is None or posted.entity == wanted.entity else None
    if expected is not None and is_sale:
        expected -= evidence.redeemed(wanted.key)
    elif expected is not None:
        expected -= sum(evidence.events.change.get(wanted.key, {}).values(), Decimal(0))
        expected -= evidence.shares.on_others(wanted.key)
    line = _line(wanted, posted, expected)
    payment = evidence.index.get("Payment", wanted.key) if is_sale else None
    if payment is not None and order_of(payment) != wanted.key:
        return replace(line, verdict=Verdict.CANCELLED, expected=None, why="its money is on the document that it pays")
    duplicates = evidence.duplicates.get((posted.entity, posted.key) if posted else (wanted.entity, wanted.key))
    if duplicates is not None:
        return _twice(line, duplicates)
    if wanted.before_start or evidence.is_old(wanted.credit_of):
        return _of_earlier_books(line, posted)
    if posted is None:
        return _absent(line, wanted, evidence)
    if wanted.taken_back:
        return _taken_back(line, wanted, posted, evidence)
    return _there(line, wanted, posted, evidence)


def _there(line: Document, wanted: ExpectedDocument, posted: Posted, evidence: _Evidence) -> Document:
    """What the books have of it: as the events say, or how it differs."""
    if posted.voided and posted.voided_by_us:
        # because the source took it back by an event that is not among these: nothing of it has to be there
        return replace(line, verdict=Verdict.CANCELLED, expected=None, why="its source took it back later")
    if posted.voided:
        return replace(line, verdict=Verdict.VOIDED, why="a person voided or deleted it in QuickBooks")
    if is_taken_over(wanted, evidence.index):
        return replace(line, verdict=Verdict.EXTRA, why="a transaction of its own tells the same money")
    # because what a late change took off is a credit memo of its own, the invoice is greater by it
    late = late_credits(wanted.key, evidence.index)
    expected = None if line.expected is None else line.expected + sum(late)
    why = _difference(expected, wanted, posted)
    if not why and wanted.entity in SALES and not late:
        why = evidence.events.source.difference(posted, evidence.index, evidence.redeemed(wanted.key))
    elif not why and posted.entity == "RefundReceipt":
        why = evidence.events.source.refund_difference(posted)
    return replace(line, verdict=Verdict.DRIFTED, why=why) if why else line


def _received(wanted: ExpectedDocument, evidence: _Evidence) -> Document | None:
    """The payment that an order's body tells of, as far as neither transactions nor gift cards account for it."""
    order, posted = wanted.invoice, evidence.index.get("Payment", wanted.key)
    if order is None or wanted.total is None or (posted is None and not wanted.total):
        return None
    if evidence.is_old(order):
        return None  # because late money of earlier books is an entry of its own
    sale, own = evidence.sale(order), posted.total if posted else Decimal(0)
    paid = sum((each.total for each in evidence.index.payments_of(order)), evidence.redeemed(order))
    # because money that a transaction of its own tells is missed by its own line, and once
    paid += evidence.unbooked.get(order, Decimal(0))
    paid += sale.total if sale is not None and sale.entity == "SalesReceipt" else Decimal(0)
    paid += evidence.absent_transactions(order)  # because each of them has a line of its own that misses it
    lacks = max(wanted.total - paid, Decimal(0))
    line = _line(wanted, posted, own + lacks)
    duplicates = evidence.duplicates.get(("Payment", wanted.key))
    if duplicates is not None:
        return _twice(line, duplicates)
    if posted is not None and not posted.voided and not posted.total_unchanged:
        return replace(line, verdict=Verdict.DRIFTED, why=_edited(posted))
    if evidence.index.voided_payments_of(order) and lacks:
        return replace(line, verdict=Verdict.VOIDED, why="a person voided or deleted money of the order")
    if not lacks or (sale is not None and _is_newer(sale, wanted)):
        return replace(line, expected=own) if posted is not None else None
    return _absent(line, wanted, evidence)


def path_of(place: Place) -> str:
    """A record's place as a person reads it."""
    return f"{place.topic}/{place.partition}/{place.offset}"


def _line(wanted: ExpectedDocument, posted: Posted | None, expected: Decimal | None) -> Document:
    return Document(
        entity=wanted.entity,
        key=wanted.key,
        verdict=Verdict.POSTED,
        currency=wanted.currency or (posted.currency or "" if posted else ""),
        expected=expected,
        booked=posted.total if posted else Decimal(0),
        ids=(posted.id,) if posted else (),
        records=tuple(wanted.records),
    )


def _names(wanted: ExpectedDocument, index: Index) -> tuple[SourceKey, ...]:
    """What tells that this money failed: its own name; of what a body tells, all that is said to pay its invoice."""
    if wanted.key.kind == BODY_MONEY and wanted.invoice is not None:
        return index.payment_links.payments_of_document(wanted.invoice)
    return (wanted.key,)


def _twice(line: Document, duplicates: Sequence[Posted]) -> Document:
    booked = sum((each.total for each in duplicates), Decimal(0))
    return replace(line, verdict=Verdict.EXTRA, booked=booked, ids=tuple(each.id for each in duplicates), why=COPIED)


def _copied(entity_key: EntityKey, duplicates: Sequence[Posted]) -> Document:
    entity, key = entity_key
    first = duplicates[0]
    wanted = ExpectedDocument(entity=entity, key=key, age=(0, 0), total=first.written, currency=first.currency or "")
    return _twice(_line(wanted, first, first.written), duplicates)


def _absent(line: Document, wanted: ExpectedDocument, evidence: _Evidence) -> Document:
    if wanted.taken_back:
        return replace(line, verdict=Verdict.CANCELLED, expected=None)
    sale = evidence.sale(wanted.credit_of) if wanted.credit_of is not None else None
    if sale is not None and sale.voided_by_us:
        return replace(line, verdict=Verdict.CANCELLED, expected=None, why="it went with the sale that was cancelled")
    if evidence.events.payouts.moves_nothing(wanted.key) and not was_booked(wanted.entity, wanted.key, evidence.index):
        return replace(line, verdict=Verdict.IGNORED, expected=None, why="it came back, and its rows move no account")
    if any(evidence.index.newest(lost(name)) is not None for name in _names(wanted, evidence.index)):
        return replace(line, verdict=Verdict.CANCELLED, expected=None, why="it failed before it was booked")
    reasons = {evidence.ignored.get(record, "") for record in wanted.records}
    if "deleted_in_qbo" in reasons:
        return replace(line, verdict=Verdict.VOIDED, why="a person voided or deleted it in QuickBooks")
    if "" not in reasons:
        return replace(line, verdict=Verdict.IGNORED, expected=None, why=", ".join(sorted(reasons)))
    invoice = wanted.invoice
    if invoice is not None and evidence.index.get("SalesReceipt", invoice) is not None:
        return replace(line, expected=None, why="its sale is a sales receipt, which holds the money")
    if evidence.waiting is not None and any(record in evidence.waiting for record in wanted.records):
        return replace(line, verdict=Verdict.WAITING, why="it waits for another document")
    codes = {evidence.letters[record] for record in wanted.records if record in evidence.letters}
    # because a letter that was redriven and booked says nothing of what a person deleted since
    if codes and not deleted_since(wanted.entity, wanted.key, evidence.index):
        return replace(line, verdict=Verdict.DEAD_LETTERED, why=", ".join(sorted(codes)))
    # because what waits is known from the journal, and what is not there and does not wait is missing
    is_alone = evidence.waiting is None and invoice is not None and evidence.sale(invoice) is None
    if is_alone and invoice is not None and not _is_asked_for(invoice, evidence.events):
        return replace(line, verdict=Verdict.WAITING, why=f"{invoice} is not in the books")
    return replace(line, verdict=Verdict.MISSING, why="nothing in the books carries its marker")


def _of_earlier_books(line: Document, posted: Posted | None) -> Document:
    """A sale from before the start, or what was credited of one; it was booked where the rule is younger than that."""
    if posted is None or posted.voided:
        return replace(line, verdict=Verdict.IGNORED, expected=None, why=BEFORE_START)
    if not posted.total_unchanged:
        return replace(line, verdict=Verdict.DRIFTED, expected=None, why=f"{BEFORE_START}; {_edited(posted)}")
    return replace(line, verdict=Verdict.IGNORED, expected=None, why=f"{BEFORE_START}, and booked before that rule")


def _taken_back(line: Document, wanted: ExpectedDocument, posted: Posted, evidence: _Evidence) -> Document:
    """An order with money on it keeps its invoice; a fact that did not last must not count."""
    letters = {evidence.letters[record] for record in wanted.records if record in evidence.letters}
    if posted.voided or (posted.entity in SALES and not _stands_unpaid(posted, evidence.index)):
        return replace(line, verdict=Verdict.CANCELLED, expected=None)
    if letters:
        return replace(line, verdict=Verdict.DEAD_LETTERED, expected=Decimal(0), why=", ".join(sorted(letters)))
    return replace(line, verdict=Verdict.EXTRA, expected=Decimal(0), why="its source took it back")


def _stands_unpaid(sale: Posted, index: Index) -> bool:
    """True for an invoice that is owed in full though nothing was ever put on it or taken off it."""
    is_touched = sale.linked_to or index.payments_of(sale.key) or late_credits(sale.key, index)
    return bool(sale.total) and sale.balance == sale.total and sale.total_unchanged and not is_touched


def _difference(expected: Decimal | None, wanted: ExpectedDocument, posted: Posted) -> str:
    """How the total differs; a newer version than the newest of the span may have changed it rightly."""
    if not posted.total_unchanged:
        return _edited(posted)
    if expected is None or expected == posted.total or _is_newer(posted, wanted):
        return ""
    return f"the events say {expected}, the books say {posted.total}"


def _edited(posted: Posted) -> str:
    return f"the bridge wrote {posted.written}, the books say {posted.total}"


def _is_newer(posted: Posted, wanted: ExpectedDocument) -> bool:
    version = posted.version
    return version is not None and (version.updated_at, version.rank) > wanted.age


def _is_asked_for(order: SourceKey, events: Events) -> bool:
    return any((entity, order) in events.wanted for entity in SALES)
