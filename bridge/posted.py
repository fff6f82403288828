"""One transaction of ours as QBO last showed it, and what its lines are linked to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from bridge.quickbooks import wire
from bridge.quickbooks.wire import Entity
from contracts.keys import SourceKey
from contracts.posting import Version

VOIDED = "void"
"""The content hash in the marker of a document that the bridge itself voided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One transaction of ours as QBO last showed it.

    `facts` are the pairs of its marker. `applied` is what a payment puts on its invoice, `lines` are all its lines that
    are linked to something and `elsewhere` those of them that a person linked to other documents. `fresh` is false once
    something else (a payment that was linked) has moved the SyncToken unseen. `marked` is false for one of ours whose
    note has lost the marker.
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
    lines: tuple[Entity, ...] = ()
    elsewhere: tuple[Entity, ...] = ()
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

    @property
    def rehomed(self) -> bool:
        """True when it is not with the customer that we wrote (`c` of the marker): a person moved or merged it."""
        return self.facts.get("c", self.customer_id) != self.customer_id

    @property
    def promised(self) -> Decimal:
        """What a payment gives to other invoices than its own."""
        return sum((linked(line, "Invoice") for line in self.elsewhere), Decimal(0))


def order_of(payment: Posted) -> SourceKey:
    """The order or charge that a payment is for: `o` of its marker, or the id that both share."""
    if payment.key.kind == "payment":
        return SourceKey(payment.key.system, "order", payment.key.id)
    order = payment.facts.get("o")
    return SourceKey(payment.key.system, "order", order) if order else payment.key


def ranked(posted: Posted, *others: Posted | None) -> list[Posted]:
    """The live ones of a marker by Id, the first of them first; where none lives the void that was made last."""
    known = {other.id: other for other in others if other is not None} | {posted.id: posted}
    live = [each for each in known.values() if not each.voided]
    return sorted(live, key=lambda each: token(each.id)) or [max(known.values(), key=lambda each: token(each.id))]


def linked_lines(body: Entity) -> tuple[Entity, ...]:
    """The lines of a payment as an update takes them: amount and links, without what QBO adds."""
    lines = body.get("Line")
    return tuple(
        {"Amount": line.get("Amount"), "LinkedTxn": links}
        for line in (lines if isinstance(lines, list) else [])
        if (links := [{name: link.get(name) for name in ("TxnId", "TxnType")} for link in line.get("LinkedTxn") or ()])
    )


def told_apart(payment: Posted, invoice_id: str) -> Posted:
    """`payment` with only what is on the invoice of this Id counted as applied."""
    own = [line for line in payment.lines if _links_to(line, "Invoice", invoice_id)]
    elsewhere = tuple(line for line in payment.lines if line not in own)
    applied = sum((linked(line, "Invoice") for line in own), Decimal(0))
    return replace(payment, applied=applied, elsewhere=elsewhere) if elsewhere else payment


def _links_to(line: Entity, txn_type: str, txn_id: str | None = None) -> bool:
    return any(link.get("TxnType") == txn_type and txn_id in (None, link.get("TxnId")) for link in line["LinkedTxn"])


def linked(line: Entity, txn_type: str) -> Decimal:
    """The amount of a line that is linked to this type, 0 for another."""
    amount = wire.number(line.get("Amount"))
    return amount if amount is not None and _links_to(line, txn_type) else Decimal(0)


def token(text: object) -> int:
    """A SyncToken or an Id as the number that it is; -1 for anything else."""
    return int(str(text)) if str(text).isdigit() else -1
