"""Each document of both sides as one line: what the events say of it, what the books say, and how they differ. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from bridge.index.company_profile import CompanyProfile
from bridge.index.index import Index
from bridge.index.posted import Posted
from bridge.reconciliation.accounts import account_difference
from bridge.reconciliation.booked import booked_as, came_back, never_went_out
from bridge.reconciliation.companions import DeletedDocument, late_credits
from bridge.reconciliation.control_kinds import ControlKind
from bridge.reconciliation.differences import (
    NOT_THERE,
    OF_VERDICT,
    Difference,
    DifferenceKind,
    amount_of,
    sentence,
)
from bridge.reconciliation.documents import Document, Verdict
from bridge.reconciliation.events import Events
from bridge.reconciliation.facts import DocumentFacts, SourceFacts
from bridge.reconciliation.payouts import DatedMove
from bridge.reconciliation.rows import BookRow, Link
from contracts.keys import SourceKey
from contracts.marker import CREDITS, SALES

ENTRY = "JournalEntry"


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One document: where it stands in events and books, and the difference, None where they agree.

    `source` is what the events say it comes to; where they agree with the books, or say nothing, what the books say.
    """

    entity: str
    key: SourceKey | None
    sale: SourceKey | None
    gateway: str
    currency: str
    source_day: date | None
    row: BookRow | None
    facts: DocumentFacts | None
    source: Decimal | None
    difference: Difference | None = None
    lasts: bool = True
    """False for what its source took back, or a rule left out: nothing of it has to be in the books."""
    is_consequence: bool = False
    """True for what differs only because another document does, whose difference names it."""

    @property
    def agrees(self) -> bool:
        """True where neither it differs nor another document makes it differ."""
        return self.difference is None and not self.is_consequence

    @property
    def is_known_from_events(self) -> bool:
        """True where the events read say what it is; a newer body than those may be in the books."""
        if not self.lasts or self.facts is None:
            return False
        if not self.agrees:
            return True
        if self.row is None:
            return False
        return self.row.entity == self.entity and self.source in (None, self.row.total)

    @property
    def days(self) -> set[date]:
        """The days that either side gives it."""
        named = {self.source_day, self.row.day if self.row else None}
        return {each for each in named if each is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class BothSides:
    """What is compared. `closed_until` is the last day of closed books where the rules date anew what falls in them."""

    found: Sequence[Document]
    facts: SourceFacts
    events: Events
    index: Index
    rows: Mapping[Link, BookRow]
    profile: CompanyProfile
    items: Mapping[str, ControlKind] = field(default_factory=dict)
    """The Ids of items that stand on a liability."""
    closed_until: date | None = None

    def drawn_from(self, payout: SourceKey) -> set[str]:
        """The accounts, by Id, in which the books have the money of a payout's rows."""
        return self.facts.payouts.drawn_from(payout, self.index)


def lines_of(sides: BothSides) -> list[DocumentLine]:
    """Every document that the events tell, and every one of ours that the books have without them."""
    found = [line_of(document, sides) for document in sides.found]
    known = {(line.row.entity, line.row.id) for line in found if line.row is not None}
    rest = (_own(row, sides) for place, row in sides.rows.items() if place not in known)
    return [*found, *(line for line in rest if line is not None)]


def key_of(row: BookRow, index: Index) -> SourceKey | None:
    """The source document that a row stands for; None for what is not ours, and for a copy of what is."""
    if not index.knows(row.entity, row.id):
        return None
    marker = index.seal.find(row.entity, row.note)
    return index.identities.key_of(row.entity, row.id) or (marker.key if marker is not None else None)


def line_of(document: Document, sides: BothSides) -> DocumentLine:
    """A document that the events tell, compared with what the books have of it."""
    posted = stands_for(document, sides.index)
    facts = _facts_of(document, posted, sides)
    row = sides.rows.get((posted.entity, posted.id)) if posted is not None else None
    sale = facts.sale if facts is not None else document.key
    line = DocumentLine(
        entity=document.entity,
        key=document.key,
        sale=sale,
        gateway=sides.facts.gateway_of(document.entity, document.key, sale),
        currency=document.currency or (row.currency if row else ""),
        source_day=_source_day(facts, row),
        row=row,
        facts=facts,
        source=document.expected,
        lasts=_lasts(document),
    )
    kind = OF_VERDICT.get(document.verdict)
    if kind is None and document.verdict is not Verdict.POSTED:
        return line
    if kind is None or _is_of_another_figure(document):
        further = _compared_further(line, posted, sides)
        # because another tax differs from the source's own figures too, which say less well what is wrong
        if kind is None or (further.difference is not None and further.difference.kind is DifferenceKind.TAX):
            return further
    return _with_verdict(line, document, kind, sides)


def _facts_of(document: Document, posted: Posted | None, sides: BothSides) -> DocumentFacts | None:
    """What the events say of it; of a payout, what it moves by the way that it went in the books."""
    if document.companion is not None:
        return _facts_of_companion(document, document.companion, sides)
    facts, moves = sides.facts.of.get((document.entity, document.key)), payout_moves(document.key, sides)
    if facts is not None and moves is not None:
        return replace(facts, moves=tuple((each.account, each.amount) for each in moves))
    if facts is not None and document.entity == "RefundReceipt" and posted is not None and posted.entity == ENTRY:
        # because a debit that failed is owed again by an entry of what it was over
        return replace(facts, debits=sum((abs(amount) for _, amount in facts.moves), Decimal(0)))
    return facts


def _facts_of_companion(document: Document, deleted: DeletedDocument, sides: BothSides) -> DocumentFacts:
    """Its own day where its name says one, else that of the document beside which it stood."""
    those = [facts for (_, key), facts in sides.facts.of.items() if key == deleted.of]
    days = {deleted.own_day} if deleted.own_day is not None else {day for each in those for day in each.days}
    return DocumentFacts(
        entity=document.entity,
        key=document.key,
        sale=next((each.sale for each in those), deleted.of),
        currency=document.currency,
        days=days,
    )


def payout_moves(key: SourceKey, sides: BothSides) -> list[DatedMove] | None:
    """What a payout moves, the entry of its coming back left out where there is one; None where the events do not say.

    Which of its two words came first decides how one that came back is booked, and only the books tell.
    """
    payouts = sides.facts.payouts
    if not payouts.is_returned(key) or came_back(key, sides.index):
        moves = payouts.to_bank(key)
    else:
        moves = payouts.never_out(key) if never_went_out(key, sides.index) else payouts.in_all(key)
    return None if moves is None else [*moves, *payouts.exchanged(key, sides.index, sides.profile.home_currency)]


def _is_of_another_figure(document: Document) -> bool:
    """True where its total is right and another figure of its source is not."""
    return document.verdict is Verdict.DRIFTED and document.expected == document.booked


def _lasts(document: Document) -> bool:
    if document.verdict is Verdict.IGNORED:
        return bool(document.ids)  # because what was booked before the rule was made stands as the books say
    if document.verdict is Verdict.CANCELLED:
        return False
    return document.verdict is not Verdict.EXTRA or document.expected is None or document.expected != 0


def _with_verdict(line: DocumentLine, document: Document, kind: DifferenceKind, sides: BothSides) -> DocumentLine:
    if kind is DifferenceKind.TWICE and len(document.ids) == 1:
        kind = DifferenceKind.TAKEN_BACK
    if _is_of_another_figure(document):
        kind = DifferenceKind.BALANCE
    source = amount_of(document.expected, line.currency)
    books = None if kind in NOT_THERE else amount_of(document.booked, line.currency)
    ids = document.ids or _last_known(document, sides.index)
    why = sentence(kind, source, books, document.why, was_there=bool(ids))
    difference = _difference(line, kind, source, books, why)
    return replace(line, difference=replace(difference, ids=ids, records=document.records).about(line.row))


def _last_known(document: Document, index: Index) -> tuple[str, ...]:
    """The Id that it had while the books had it: QBO never shows what is deleted."""
    recorded = index.identities.of(document.entity, document.key)
    return (recorded.id,) if recorded is not None else ()


def _compared_further(line: DocumentLine, posted: Posted | None, sides: BothSides) -> DocumentLine:
    """What is booked once with its total may still stand on another day, or say another tax."""
    row, facts = line.row, line.facts
    if row is None or facts is None or posted is None or posted.was_adopted:
        return line
    ids, source, books = (row.id,), "", ""
    if facts.debits is not None and posted.entity == ENTRY and facts.debits != row.total:
        kind = DifferenceKind.AMOUNT
        source, books = amount_of(facts.debits, line.currency) or "", amount_of(row.total, line.currency) or ""
    elif _says_tax(facts, posted, sides.index) and facts.tax != row.tax:
        kind = DifferenceKind.TAX
        source, books = amount_of(facts.tax, line.currency) or "", amount_of(row.tax, line.currency) or ""
    elif row.day not in facts.days and not _is_dated_anew(facts, row, sides.closed_until):
        kind = DifferenceKind.DAY
        source, books = str(line.source_day), str(row.day)
    elif (moved := account_difference(facts, row, sides.profile, sides.drawn_from)) is not None:
        kind, (source, books) = DifferenceKind.ACCOUNT, moved
    else:
        return line
    difference = _difference(line, kind, source, books, sentence(kind, source, books, ""))
    return replace(line, difference=replace(difference, ids=ids).about(row))


def _says_tax(facts: DocumentFacts, posted: Posted, index: Index) -> bool:
    """False where a newer body than those read may have changed it, and where a credit memo took a part of it."""
    if facts.tax is None or posted.entity not in (*SALES, *CREDITS):
        return False
    version = posted.version
    is_newer = version is not None and (version.updated_at, version.rank) > facts.age
    return not is_newer and not late_credits(facts.key, index)


def _is_dated_anew(facts: DocumentFacts, row: BookRow, closed_until: date | None) -> bool:
    """True where its own day was closed: the rules date it on a later one."""
    if closed_until is None or row.day is None:
        return False
    return min(facts.days) <= closed_until < row.day


def _difference(
    line: DocumentLine, kind: DifferenceKind, source: str | None, books: str | None, why: str
) -> Difference:
    return Difference(
        kind=kind,
        entity=line.row.entity if line.row is not None else line.entity,
        key=line.key,
        day=line.source_day or (line.row.day if line.row else None),
        currency=line.currency,
        gateway=line.gateway,
        source=source,
        books=books,
        why=why,
        number=(line.facts.number or "") if line.facts else "",
    )


def _own(row: BookRow, sides: BothSides) -> DocumentLine | None:
    """A document of ours that no event read asks for: the rules made it, or its events are older than what was read."""
    key = key_of(row, sides.index)
    posted = sides.index.get(row.entity, key) if key is not None else None
    if key is None or posted is None or posted.id != row.id or posted.voided:
        return None
    line = DocumentLine(
        entity=row.entity,
        key=key,
        sale=key,
        gateway=sides.facts.gateway_of(row.entity, key, key),
        currency=row.currency,
        source_day=row.day,
        row=row,
        facts=None,
        source=row.total,
    )
    if posted.total_unchanged or posted.entity == ENTRY:
        return line
    wrote, now = amount_of(posted.written, row.currency), amount_of(row.total, row.currency)
    why = f"the bridge wrote {wrote}, QuickBooks says {now}"
    difference = replace(_difference(line, DifferenceKind.AMOUNT, wrote, now, why), ids=(row.id,)).about(row)
    return replace(line, source=posted.written, difference=difference)


def stands_for(document: Document, index: Index) -> Posted | None:
    """What the books have of it, by whichever form."""
    if document.entity in SALES:
        return index.sale(document.key)
    return booked_as(document.entity, document.key, index)


def _source_day(facts: DocumentFacts | None, row: BookRow | None) -> date | None:
    """The day that the events give it: of several the one on which it stands, else the first."""
    if facts is None or not facts.days:
        return row.day if row is not None else None
    return row.day if row is not None and row.day in facts.days else min(facts.days)
