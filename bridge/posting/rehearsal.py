"""A plan is a rehearsal: the same machine on the same books, whose sender answers as QBO would.

Steps are bound like any that are sent, and the index takes in the answers, so what follows is planned on them. What
only QBO itself can refuse (a closed period, a number that a stranger holds) shows when it is posted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bridge.binding import expected
from bridge.index.index import Index, Posted, order_of
from bridge.journal.requests import Unsettled
from bridge.planning.steps import PlannedStep
from bridge.posting.sending import BoundStep, KnownBooks, Replies, StepReply
from contracts.entities import NAME_LISTS, Entity
from contracts.marker import Marker
from contracts.marker_seal import MarkerSeal
from contracts.money import total
from contracts.posting import Operation
from contracts.quickbooks import Draft
from contracts.rehearsal import FIRST_ID, RehearsedWrite


class RehearsedEntities:
    """The entities that rehearsed writes have changed: QBO still shows them as they were, or not at all."""

    def __init__(self, seal: MarkerSeal) -> None:
        self.writes: list[RehearsedWrite] = []
        """All that would have been sent, in order."""
        self._seal = seal
        self._changed: set[tuple[str, str]] = set()

    def clear(self) -> None:
        """Begin anew, from what QBO has."""
        self._changed.clear()

    def add(self, entity: str, ident: str) -> None:
        """From now on the index alone knows this entity."""
        self._changed.add((entity, ident))

    def row(self, posted: Posted) -> Entity | None:
        """The entity as QBO would show it; None when QBO can be asked for it."""
        return row_of(posted, self._seal) if (posted.entity, posted.id) in self._changed else None


class RehearsingSender:
    """The `Sender` of a plan: posts nothing, and answers every step as QBO would."""

    moves_unseen = False

    def __init__(self, books: KnownBooks, rehearsed: RehearsedEntities) -> None:
        self._books = books
        self._rehearsed = rehearsed
        self._answered = 0

    async def send(self, steps: Sequence[BoundStep]) -> Replies:
        """Answer one step after the other; the balances that a step moves are in the index before its reply is."""
        for bound in steps:
            answer = self._answer(bound.step, bound.wire.body)
            self._rehearsed.writes.append(_write_of(bound, str(answer["Id"]), self._books.index))
            self._move_balance(bound.step)
            if bound.step.operation is not Operation.DELETE:
                self._rehearsed.add(bound.step.id.entity, str(answer["Id"]))
            yield bound, StepReply(answer=answer, call=bound.wire.request_id, intuit_tid=None)

    async def send_open(self) -> Replies:
        """Nothing is ever open."""
        async for bound, reply in self.send(()):
            yield bound, reply

    async def resend(self, unsettled: Unsettled) -> Replies:  # noqa: ARG002 - the port's signature
        """Nothing, because what an owner has under way is the owner's business."""
        async for bound, reply in self.send(()):
            yield bound, reply

    def is_open(self, unsettled: Unsettled) -> bool:  # noqa: ARG002 - the port's signature
        """Nothing is ever open."""
        return False

    def keep(self, unsettled: Unsettled) -> None:
        """Nothing, for the same reason."""

    def mark_published(self) -> None:
        """Nothing is ever kept."""

    def forget(self) -> None:
        """Nothing is ever open."""

    def _answer(self, step: PlannedStep, sent: Mapping[str, Any]) -> Entity:
        """The entity as it would be afterwards: what was there, what was sent, and what QBO adds."""
        self._answered += 1
        if step.operation is Operation.DELETE:
            return {**expected(step, sent), "status": "Deleted"}
        before = row_of(step.target, self._books.index.seal) if step.target is not None else {}
        body = {**before, "Id": str(FIRST_ID + self._answered), "SyncToken": "0", **expected(step, sent)}
        if step.target is not None:
            body["SyncToken"] = str(int(step.target.sync_token) + 1)
        if step.id.entity != "Item":
            body.setdefault("CurrencyRef", {"value": self._books.profile.home_currency})
        if step.id.entity in NAME_LISTS:
            return body
        body.setdefault("TotalAmt", _debits(body) if step.id.entity == "JournalEntry" else _total(step.draft))
        if step.operation is Operation.VOID:
            body |= {"Balance": Decimal(0), "Line": [], "PrivateNote": "Voided"}
        elif step.id.entity == "Invoice":
            target = step.target
            if target is None:
                body["Balance"] = body["TotalAmt"]
            elif target.balance is not None:
                body["Balance"] = body["TotalAmt"] - (target.total - target.balance)
        elif step.id.entity == "CreditMemo":
            body["Balance"] = body["TotalAmt"]
        return body

    def _move_balance(self, step: PlannedStep) -> None:
        """A payment that is linked, unlinked or void changes what its invoice still waits for."""
        if step.id.entity != "Payment" or step.sale is None:
            return
        invoice = self._books.index.get("Invoice", step.sale)
        if invoice is None or invoice.balance is None:
            return
        before = step.target.applied if step.target is not None else Decimal(0)
        now = Decimal(0) if step.operation is Operation.VOID else step.applied
        if step.target is not None and order_of(step.target) != step.sale:
            # because QBO takes a payment off its old invoice when it is linked to another one
            self._add_to_balance(self._books.index.get("Invoice", order_of(step.target)), before)
            before = Decimal(0)
        self._add_to_balance(invoice, before - now)

    def _add_to_balance(self, invoice: Posted | None, amount: Decimal) -> None:
        """The invoice waits for `amount` more."""
        if invoice is not None and invoice.balance is not None:
            self._rehearsed.add("Invoice", invoice.id)
            row = row_of(replace(invoice, balance=invoice.balance + amount), self._books.index.seal)
            self._books.remember("Invoice", row, row)


def _write_of(bound: BoundStep, ident: str, index: Index) -> RehearsedWrite:
    step = bound.step
    sale = index.sale(step.sale) if step.sale is not None else None
    return RehearsedWrite(
        entity=step.id.entity,
        ident=ident,
        key=step.id.key,
        part=step.id.part,
        operation=step.operation,
        sent=bound.wire.body,
        rests_on=step.target.sync_token if step.target is not None else None,
        sale=(sale.entity, sale.id, sale.sync_token) if sale is not None else None,
    )


def _total(draft: Draft | None) -> Decimal:
    """What QBO adds up by itself."""
    return getattr(draft, "total", Decimal(0))


def _debits(entry: Mapping[str, Any]) -> Decimal:
    """The total that QBO gives a journal entry, whatever document became one."""
    return total(line["Amount"] for line in entry["Line"] if line["JournalEntryLineDetail"]["PostingType"] == "Debit")


def row_of(posted: Posted, seal: MarkerSeal) -> dict[str, Any]:
    """An entity of ours as QBO would show it, as far as the index knows it."""
    row: dict[str, Any] = {
        "Id": posted.id,
        "SyncToken": posted.sync_token,
        "TotalAmt": posted.total,
        "CurrencyRef": {"value": posted.currency} if posted.currency else None,
        "CustomerRef": {"value": posted.customer_id} if posted.customer_id else None,
        "DocNumber": posted.doc_number,
        "Balance": posted.balance,
        "LinkedTxn": [{"TxnId": ident, "TxnType": "Payment"} for ident in posted.linked_to] or None,
        "PrivateNote": seal.write(posted.entity, posted.human_note, Marker(posted.key, posted.marker_fields)),
        "Line": list(posted.form["Line"] if posted.form else posted.lines) or None,
        "TxnDate": posted.txn_date.isoformat() if posted.txn_date else None,
        "TrackingNum": posted.shipping.tracking or None,
        "ShipDate": posted.shipping.ship_date or None,
        "ShipMethodRef": {"value": posted.shipping.method} if posted.shipping.method else None,
    }
    return {name: value for name, value in row.items() if value is not None}
