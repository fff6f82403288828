"""A sale goes through its phases in one order, and says so: a phase that is moved or left out is seen at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bridge.planning.context import PlanningContext
from bridge.planning.grouping import by_sale
from bridge.planning.sale.balance import OpenBalance
from bridge.planning.sale.credits import plan_credits
from bridge.planning.sale.forms import plan_form
from bridge.planning.sale.money import collect_money
from bridge.planning.sale.payments import plan_payments
from bridge.planning.sale.refunds import plan_refunds
from bridge.planning.sale.sales import plan_content, plan_sale
from bridge.planning.steps import Claim, SaleClaims
from contracts.keys import SourceKey
from contracts.posting import Intent, PostingPlan, PostingStep
from contracts.quickbooks import CreditMemoDraft, LineDraft, RefundReceiptDraft
from tests.support.plans import (
    DAY,
    DEPOSIT,
    LISTS,
    ORDER,
    TOTE,
    books,
    company,
    order_plan,
    plan,
    transaction_plan,
)

CREDIT = SourceKey("shopify", "refund", "1.credit")
REFUND = SourceKey("shopify", "refund", "2")
Phase = Callable[[PlanningContext, Any], Any]
PHASES: tuple[Phase, ...] = (
    lambda context, claims: plan_content(context, ORDER, claims),
    collect_money,
    plan_form,
    plan_payments,
    plan_credits,
    plan_refunds,
)


@dataclass(frozen=True, slots=True)
class DrawnSale:
    """A sale with money, a credit and a refund: what it asks for, what body and transactions tell, what is credited."""

    total: Decimal
    received: Decimal
    transactions: tuple[Decimal, ...]
    credit: Decimal

    @property
    def plans(self) -> tuple[PostingPlan, ...]:
        paid = [transaction_plan(number, str(amount)) for number, amount in enumerate(self.transactions, start=1)]
        return (order_plan(received=str(self.received), total=str(self.total)), *paid, self._credit(), refunded())

    def _credit(self) -> PostingPlan:
        line = LineDraft(item=TOTE, amount=self.credit)
        draft = CreditMemoDraft(
            credit_of=ORDER, doc_number="C1", txn_date=DAY, currency="USD", lines=(line,), total=self.credit
        )
        return plan(ORDER, PostingStep(key=CREDIT, entity="CreditMemo", intent=Intent.FACT, draft=draft))


def refunded() -> PostingPlan:
    """One unit was handed back."""
    draft = RefundReceiptDraft(
        refund_of=ORDER,
        doc_number="R1",
        txn_date=DAY,
        currency="USD",
        lines=(LineDraft(item=TOTE, amount=Decimal(1)),),
        total=Decimal(1),
        deposit_to=DEPOSIT,
    )
    return plan(ORDER, PostingStep(key=REFUND, entity="RefundReceipt", intent=Intent.FACT, draft=draft))


AMOUNTS = st.integers(1, 40).map(Decimal)
SALES = st.builds(
    DrawnSale,
    total=AMOUNTS,
    received=st.integers(0, 40).map(Decimal),
    transactions=st.lists(AMOUNTS, max_size=3).map(tuple),
    credit=AMOUNTS,
)


def told_of(sale: DrawnSale) -> tuple[PlanningContext, SaleClaims]:
    """The context of a micro-batch that tells the sale, and what it tells."""
    plans = sale.plans
    steps = [Claim(at, each, step) for at, each in enumerate(plans) for step in each.steps]
    return PlanningContext(plans, books(*LISTS), company()), by_sale(steps)[0][ORDER]


def through(phases: Sequence[Phase], sale: DrawnSale) -> object:
    """What is written and what becomes of each claim; None where a phase refuses what it was given."""
    context, state = told_of(sale)
    for phase in phases:
        try:
            state = phase(context, state)
        except (AttributeError, TypeError):
            return None
    return context.steps, context.resolutions


@given(sale=SALES)
def test_a_sale_is_planned_by_its_phases_in_their_order(sale: DrawnSale) -> None:
    """Nothing but the phases decides about a sale."""
    context, claims = told_of(sale)
    plan_sale(context, ORDER, claims)
    assert through(PHASES, sale) == (context.steps, context.resolutions)


@given(sale=SALES)
def test_no_two_neighbouring_phases_can_be_swapped_unseen(sale: DrawnSale) -> None:
    """A phase takes only what the one before it gives. Guard: the states of `state.py` differ in what they hold."""
    right = through(PHASES, sale)
    for at in range(len(PHASES) - 1):
        moved = [*PHASES[:at], PHASES[at + 1], PHASES[at], *PHASES[at + 2 :]]
        assert through(moved, sale) != right


@given(sale=SALES)
def test_no_phase_can_be_left_out_unseen(sale: DrawnSale) -> None:
    """The next one refuses, or something that was told has no end."""
    right = through(PHASES, sale)
    for at in range(len(PHASES)):
        assert through([*PHASES[:at], *PHASES[at + 1 :]], sale) != right


@given(sale=SALES)
def test_payments_come_before_credits_and_never_exceed_the_invoice(sale: DrawnSale) -> None:
    """What the invoice takes is spent once: first by what was paid, then by what is credited, then no more."""
    context, claims = told_of(sale)
    plan_sale(context, ORDER, claims)
    paid = max(sum(sale.transactions, Decimal(0)), sale.received)
    by_money = min(paid, sale.total)
    applied = {step_id.key: step.applied for step_id, step in context.steps.items() if step_id.entity == "Payment"}
    assert applied.pop(CREDIT, Decimal(0)) == min(sale.credit, sale.total - by_money)
    assert sum(applied.values(), Decimal(0)) == by_money


@given(amount=st.integers(-40, 40).map(Decimal), wanted=st.lists(st.integers(-5, 40).map(Decimal), max_size=5))
def test_an_open_balance_is_spent_once(amount: Decimal, wanted: list[Decimal]) -> None:
    """All that is spent is never more than there was, and the rest is what is left."""
    balance, spent = OpenBalance(amount=amount), Decimal(0)
    for each in wanted:
        applied, balance = balance.spend(each)
        assert Decimal(0) <= applied <= max(each, Decimal(0))
        spent += applied
    assert spent <= max(amount, Decimal(0))
    assert balance.amount == amount - spent
