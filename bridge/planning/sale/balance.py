"""What an invoice can still take: measured here once for each sale, and spent here only. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.index.posted import Posted
from bridge.planning.context import PlanningContext
from bridge.planning.steps import Sale, StepId
from contracts.marker import MarkerField, amount_in
from contracts.money import total
from contracts.quickbooks import InvoiceDraft

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBalance:
    """What the invoice can still take, of the customer `customer_id`.

    `amount` is below zero when more is on the invoice than it asks for in the end. `shrinking` is the write that makes
    it smaller than what is on it. `relink` is true when payments may lie beside it that belong on it.
    """

    amount: Decimal = NOTHING
    customer_id: str | None = None
    shrinking: StepId | None = None
    relink: bool = False

    def spend(self, amount: Decimal) -> tuple[Decimal, OpenBalance]:
        """The part of `amount` that goes on the invoice, and what the invoice can take after that.

        The rest stays the customer's credit, because QBO refuses a payment that is more than its invoice asks for.
        """
        applied = min(max(amount, NOTHING), max(self.amount, NOTHING))
        return applied, replace(self, amount=self.amount - applied)

    def give_back(self, amount: Decimal) -> OpenBalance:
        """What the invoice can take once `amount` of what is on it has come off."""
        return replace(self, amount=self.amount + amount)

    @property
    def too_much(self) -> Decimal:
        """What must come off the invoice, because it asks for less than is on it."""
        return max(-self.amount, NOTHING)


NOTHING_OPEN = OpenBalance()
"""A sales receipt takes no payments: its money is inside it."""


def measure_open_balance(context: PlanningContext, sale: Sale, changing: Posted | None) -> OpenBalance:
    """What the invoice of `sale` can take in the end, whose it is, and what lies beside it.

    `changing` is the payment known from the body that is placed anew.
    """
    payments = context.index.payments_of(sale.key)
    applications = context.index.applications_of(sale.key)
    draft = sale.step.draft if sale.step and isinstance(sale.step.draft, InvoiceDraft) else None
    here = sale.posted.customer_id if sale.posted else None
    follows = draft is not None and not context.index.keeps_customer(sale.posted, draft)
    owner = context.customer_id(draft.customer, draft.currency) if draft and follows else here
    moved = sale.posted is not None and owner != here
    # Because QBO takes all payments off an invoice that goes to another customer: nothing covers it after that.
    covered = NOTHING if moved else _covered(sale.posted, [*payments, *applications])
    smaller = sale.step is not None and sale.step.total is not None and covered > sale.asked
    return OpenBalance(
        # Because the payment known from the body is placed anew, what it has on the invoice now is free for it.
        amount=sale.asked - covered + (changing.applied if changing else NOTHING),
        customer_id=owner,
        shrinking=sale.step.id if smaller and sale.step else None,
        relink=any(is_partly_applied(payment) or payment.customer_id != owner for payment in payments),
    )


def is_partly_applied(payment: Posted) -> bool:
    """True when we left a part of it beside the invoice, and that is still so: what a person took off stays off."""
    left_on = amount_in(payment.marker_fields, MarkerField.APPLIED)
    return left_on is not None and left_on == payment.applied


def _covered(posted: Posted | None, payments: Sequence[Posted]) -> Decimal:
    """What is on the invoice already: our payments, and a person's as far as a balance that is sure shows them."""
    ours = total(payment.applied for payment in payments)
    if posted is None or not posted.is_current or posted.balance is None:
        return ours
    return max(ours, posted.total - posted.balance)
