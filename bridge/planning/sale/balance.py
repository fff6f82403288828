"""What an invoice can still take: measured here once for each sale, and spent here only. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.index.posted import Posted, off_its_invoice, order_of, put_on_its_invoice
from bridge.planning.context import PlanningContext
from bridge.planning.steps import Sale, StepId
from contracts.keys import SourceKey
from contracts.marker import MarkerField, amount_in
from contracts.money import total
from contracts.posting import Operation
from contracts.quickbooks import InvoiceDraft

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBalance:
    """What the invoice can still take, of the customer `customer_id`.

    `amount` is below zero when more is on the invoice than it asks for in the end. `shrinking` is the write that makes
    it smaller than what is on it. `relink` is true when payments may lie beside it that belong on it. Its form is that
    of `sale`, written for the customer `written_for`. `kept_off` is what a person took off it of money that other
    payments are told for now.
    """

    amount: Decimal = NOTHING
    customer_id: str | None = None
    shrinking: StepId | None = None
    relink: bool = False
    sale: SourceKey | None = None
    written_for: str | None = None
    kept_off: Decimal = NOTHING

    def spend(self, amount: Decimal) -> tuple[Decimal, OpenBalance]:
        """The part of `amount` that goes on the invoice, and what the invoice can take after that.

        The rest stays the customer's credit, because QBO refuses a payment that is more than its invoice asks for.
        """
        applied = min(max(amount, NOTHING), max(self.amount, NOTHING))
        return applied, replace(self, amount=self.amount - applied)

    def place(self, payment: Posted | None, amount: Decimal) -> PaymentPlace:
        """Put `amount`, which becomes the amount of `payment`, on the invoice: less what a person keeps off it."""
        if payment is None:
            return self._place_new(amount)
        if self.is_given_away(payment):
            return PaymentPlace(NOTHING, amount, self, keeps_customer=True)
        # because QBO takes off what changes hands, and whatever was taken off another sale says nothing of this one
        stayed = payment.customer_id == self.customer_id and order_of(payment) == self.sale
        if not (stayed or payment.applied_elsewhere):
            return self._place_new(amount)
        kept_off = taken_off(payment) if stayed else NOTHING
        most = amount - payment.applied_elsewhere
        # because of one that becomes smaller what lies beside its invoice is what goes first
        applied, balance = self.spend(max(most - kept_off, min(payment.applied, most)))
        return PaymentPlace(applied, min(applied + kept_off, amount), balance)

    def _place_new(self, amount: Decimal) -> PaymentPlace:
        # because the same money was on the invoice before, and a person took it off
        applied, balance = self.spend(min(amount, self.amount - self.kept_off))
        return PaymentPlace(applied, min(applied + self.kept_off, amount), balance)

    def is_given_away(self, payment: Posted) -> bool:
        """True for a payment that a person gave another customer than the invoice's, or put on what that one owes."""
        if payment.customer_id == self.customer_id:
            return False
        # because a release before this one did not say for whom a payment was written: for the customer of its sale
        of_its_sale = self.written_for if order_of(payment) == self.sale else None
        written_for = payment.written_customer_id or of_its_sale
        is_bound = bool(payment.elsewhere) or payment.is_left_as_it_is
        return is_bound or written_for not in (None, payment.customer_id)

    def give_back(self, amount: Decimal) -> OpenBalance:
        """What the invoice can take once `amount` of what is on it has come off."""
        return replace(self, amount=self.amount + amount)

    @property
    def too_much(self) -> Decimal:
        """What must come off the invoice, because it asks for less than is on it."""
        return max(-self.amount, NOTHING)


@dataclass(frozen=True, slots=True)
class PaymentPlace:
    """How a payment lies in the end: `applied` is on its invoice, which can take `balance` after that.

    `counted` is what is said of it (`a` of the marker): what a person keeps off the invoice counts as if it were on it,
    so that it stays off. With `keeps_customer` it stays with the customer that a person gave it.
    """

    applied: Decimal
    counted: Decimal
    balance: OpenBalance
    keeps_customer: bool = False


def measure_owner(context: PlanningContext, sale: Sale) -> OpenBalance:
    """Whose the form of `sale` is in the end, and for whom it was written before; it takes nothing."""
    draft = sale.step.draft if sale.step and isinstance(sale.step.draft, InvoiceDraft) else None
    here = sale.posted.customer_id if sale.posted else None
    follows = draft is not None and not context.index.keeps_customer(sale.posted, draft)
    return OpenBalance(
        customer_id=context.customer_id(draft.customer, draft.currency) if draft and follows else here,
        sale=sale.key,
        written_for=sale.posted.written_customer_id if sale.posted else None,
    )


def measure_open_balance(
    context: PlanningContext, sale: Sale, changing: Posted | None, left: Decimal = NOTHING
) -> OpenBalance:
    """What the invoice of `sale` can take in the end, whose it is, and what lies beside it.

    `changing` is the payment known from the body that is placed anew, over `left`.
    """
    payments = context.index.payments_of(sale.key)
    owner = measure_owner(context, sale)
    # because QBO takes off what changes hands, and what was read of one that is another's may be older than that
    applications = [each for each in context.index.applications_of(sale.key) if each.customer_id == owner.customer_id]
    moved = sale.posted is not None and owner.customer_id != sale.posted.customer_id
    # Because QBO takes all payments off an invoice that goes to another customer: nothing covers it after that.
    covered = (
        NOTHING if moved else _covered(sale.posted, [*payments, *applications]) - _coming_off(context, applications)
    )
    smaller = sale.step is not None and sale.step.total is not None and covered > sale.asked
    return replace(
        owner,
        # Because the payment known from the body is placed anew, what it has on the invoice now is free for it.
        amount=sale.asked - covered + (changing.applied if changing else NOTHING),
        shrinking=sale.step.id if smaller and sale.step else None,
        relink=any(is_partly_applied(payment) or payment.customer_id != owner.customer_id for payment in payments),
        kept_off=max(taken_off(changing) - left, NOTHING)
        if changing and changing.customer_id == owner.customer_id
        else NOTHING,
    )


def _coming_off(context: PlanningContext, applications: Sequence[Posted]) -> Decimal:
    """What credits of ours that are taken out in these waves leave free on the invoice."""
    steps = [(each, context.steps.get(StepId("Payment", each.key))) for each in applications]
    return total(each.applied for each, step in steps if step is not None and step.operation is Operation.VOID)


def is_partly_applied(payment: Posted) -> bool:
    """True when we left a part of it beside the invoice, and that is still so: what a person took off stays off."""
    left_on = amount_in(payment.marker_fields, MarkerField.APPLIED)
    return left_on is not None and left_on == payment.applied


def taken_off(payment: Posted) -> Decimal:
    """What of a payment a person took off its invoice and put on no other one."""
    put_elsewhere = max(payment.applied_elsewhere - (payment.total - put_on_its_invoice(payment)), NOTHING)
    return max(off_its_invoice(payment) - put_elsewhere, NOTHING)


def _covered(posted: Posted | None, payments: Sequence[Posted]) -> Decimal:
    """What is on the invoice already: our payments, and a person's as far as a balance that is sure shows them."""
    ours = total(payment.applied for payment in payments)
    if posted is None or not posted.is_current or posted.balance is None:
        return ours
    return max(ours, posted.total - posted.balance)
