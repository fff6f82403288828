"""A plan is a rehearsal: the same machine on the same books, only that its poster pretends.

What would be sent is bound like anything that is sent, and answered here as QBO would answer it: the index learns the
answer, so what follows is planned on it. What only QBO itself can refuse (a closed period, a number that a stranger
holds) shows when it is posted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bridge.binding import expected
from bridge.books.books import Books
from bridge.index.index import Posted, order_of
from bridge.journal.requests import Unsettled
from bridge.planning.steps import PlannedStep, StepId
from bridge.posting.poster import Poster, Ready
from bridge.settlement.step_outcomes import Done, StepOutcome
from contracts.entities import NAME_LISTS, Entity
from contracts.keys import SourceKey
from contracts.marker import Marker, with_marker
from contracts.money import total
from contracts.posting import Operation
from contracts.quickbooks import Draft, JournalEntryDraft

FIRST_ID = 10**15
"""Ids that QBO does not give: nothing that only a rehearsal has created is ever looked up there."""


class RehearsedBooks(Books):
    """Books in which something is pretended: what is, cannot be read from QBO any more."""

    pretended: set[tuple[str, str]]

    async def warm(self, kept: Mapping[str, bytes] | None = None) -> None:
        """Begin anew, from what QBO has and what the journal has kept."""
        await super().warm(kept)
        self.pretended = set()

    def pretend(self, entity: str, body: Entity) -> Posted | None:
        """Take in an answer that QBO has not given."""
        self.pretended.add((entity, str(body["Id"])))
        return self.remember(entity, body)

    async def refresh(self, stale: Sequence[Posted]) -> None:
        """Of what is pretended the index knows all there is; the rest is read."""
        real = [posted for posted in stale if (posted.entity, posted.id) not in self.pretended]
        if real:
            await super().refresh(real)
        for posted in stale:
            if posted not in real:
                self.remember(posted.entity, row_of(posted))


class Rehearsal(Poster):
    """Posts nothing; every request that would go out succeeds."""

    _books: RehearsedBooks
    _pretended = 0

    async def _send(self, ready: Ready, items_max: int) -> dict[StepId, StepOutcome]:  # noqa: ARG002 - nothing is packed
        done = {step.id: self._pretend(step, wire_step.body, each) for each, (step, wire_step) in ready.items()}
        self._done |= done
        return dict(done)

    async def resend(self, unsettled: Unsettled) -> None:
        """What an owner has under way is its own business."""

    def _pretend(self, step: PlannedStep, sent: Mapping[str, Any], request_id: str) -> Done:
        body = self._answer(step, sent)
        self._move_balance(step)
        posted = None if step.operation is Operation.DELETE else self._books.pretend(step.id.entity, body)
        if step.operation is Operation.DELETE:
            self._books.index.forget(step.id.entity, step.id.key)
        return Done(
            operation=step.operation,
            entity=step.id.entity,
            body=body,
            posted=posted,
            request_id=request_id,
            intuit_tid=None,
        )

    def _answer(self, step: PlannedStep, sent: Mapping[str, Any]) -> Entity:
        """The entity as it would be afterwards: what was there, what was sent, and what QBO adds."""
        self._pretended += 1
        if step.operation is Operation.DELETE:
            return {**expected(step, sent), "status": "Deleted"}
        before = row_of(step.target) if step.target is not None else {}
        body = {**before, "Id": str(FIRST_ID + self._pretended), "SyncToken": "0", **expected(step, sent)}
        if step.target is not None:
            body["SyncToken"] = str(int(step.target.sync_token) + 1)
        if step.id.entity != "Item":
            body.setdefault("CurrencyRef", {"value": self._books.profile.home_currency})
        if step.id.entity in NAME_LISTS:
            return body
        body.setdefault("TotalAmt", _total(step.draft))
        if step.operation is Operation.VOID:
            body |= {"Balance": Decimal(0), "Line": [], "PrivateNote": "Voided"}
        elif step.id.entity == "Invoice":
            paid = step.target.total - (step.target.balance or Decimal(0)) if step.target else Decimal(0)
            body["Balance"] = body["TotalAmt"] - paid
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
            self._give_back(order_of(step.target), before)
            before = Decimal(0)
        self._books.pretend("Invoice", row_of(replace(invoice, balance=invoice.balance + before - now)))

    def _give_back(self, sale: SourceKey, amount: Decimal) -> None:
        """The invoice that a payment was moved away from waits for it again."""
        left = self._books.index.get("Invoice", sale)
        if left is not None and left.balance is not None:
            self._books.pretend("Invoice", row_of(replace(left, balance=left.balance + amount)))


def _total(draft: Draft | None) -> Decimal:
    """What QBO adds up by itself."""
    if isinstance(draft, JournalEntryDraft):
        return total(line.amount for line in draft.lines if line.side == "Debit")
    return getattr(draft, "total", Decimal(0))


def row_of(posted: Posted) -> dict[str, Any]:
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
        "PrivateNote": with_marker(posted.human_note, Marker(posted.key, posted.marker_fields)),
        "Line": list(posted.form["Line"] if posted.form else posted.lines) or None,
        "TxnDate": posted.txn_date.isoformat() if posted.txn_date else None,
        "TrackingNum": posted.shipping.tracking or None,
        "ShipDate": posted.shipping.ship_date or None,
        "ShipMethodRef": {"value": posted.shipping.method} if posted.shipping.method else None,
    }
    return {name: value for name, value in row.items() if value is not None}
