"""Fates and answers become one status for each event."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bridge.planning.steps import (
    AlreadyPosted,
    PlannedStep,
    Refused,
    Skipped,
    StepId,
    StepResolution,
    Superseded,
    Waiting,
    Write,
)
from bridge.quickbooks.faults import Fault, classify
from bridge.settlement.outcome import Outcome, ignored, outcome_of, refused
from bridge.settlement.step_outcomes import Blocked, Done, Failed, Recoverable, StepOutcome
from contracts.errors import RejectedPosting, UnmappableEvent
from contracts.posting import Operation, PostingPlan
from contracts.results import ResultStatus
from tests.support.plans import (
    BODY_MONEY,
    DANA,
    ORDER,
    TOTE,
    books,
    invoice_row,
    known,
    order_plan,
    payment_row,
    transaction_key,
    transaction_plan,
)

INVOICE, PAYMENT = StepId("Invoice", ORDER), StepId("Payment", transaction_key(7))
CUSTOMER, ITEM = StepId("Customer", DANA, "USD"), StepId("Item", TOTE)
POSTED = known(books(("Invoice", invoice_row())), "Invoice", ORDER)
WAITS = Waiting("its order is not in the books yet")
REFUSED = Refused(UnmappableEvent("no account"), POSTED)
SKIPPED = Skipped("deleted_in_qbo", "stays void", POSTED)


def done(step: StepId = INVOICE, operation: Operation = Operation.CREATE, **body: Any) -> Done:
    row = invoice_row(**body) if step.entity == "Invoice" else payment_row(step.key)
    return Done(
        operation=operation, entity=step.entity, body=row, posted=None, request_id="qbb-1/b2", intuit_tid="1-tid"
    )


def failed(code: str = "6070") -> Failed:
    return Failed(RejectedPosting("no", fault_code=code, intuit_tid="1-tid", step="invoice"))


def lesson(step: StepId) -> Recoverable:
    fault = Fault(code="6240", message="Duplicate Name Exists Error", http_status=400, intuit_tid="1-tid")
    return Recoverable(PlannedStep(id=step, operation=Operation.CREATE, owner=0), fault, classify(fault))


def settled(
    *resolutions: StepResolution,
    outcomes: dict[StepId, StepOutcome] | None = None,
    wrote: tuple[StepId, ...] = (),
    plan: PostingPlan | None = None,
) -> Outcome:
    return outcome_of(plan or order_plan(), resolutions, outcomes or {}, wrote)


def test_an_event_that_wrote_something_is_posted() -> None:
    """With everything that it wrote, as QBO answered it."""
    work = Write(INVOICE, credited=True)
    outcome = settled(work, outcomes={INVOICE: done()}, wrote=(INVOICE,))
    assert (outcome.status, outcome.reason, outcome.error) == (ResultStatus.POSTED, None, None)
    (entity,) = outcome.entities
    assert entity.model_dump() == {
        "entity": "Invoice",
        "operation": "create",
        "id": "145",
        "sync_token": "0",
        "doc_number": "1001",
        "total": "30.00",
        "balance": "30.00",
        "currency": "USD",
        "request_id": "qbb-1/b2",
        "intuit_tid": "1-tid",
    }


def test_money_is_written_in_the_currencys_own_decimals() -> None:
    """Yen have none."""
    yen = done(total="3000", CurrencyRef={"value": "JPY"})
    (entity,) = settled(Write(INVOICE, credited=True), outcomes={INVOICE: yen}, wrote=(INVOICE,)).entities
    assert (entity.total, entity.currency) == ("3000", "JPY")


def test_an_event_whose_write_is_anothers_is_already_posted() -> None:
    """The entity is named, with no operation of its own."""
    outcome = settled(Write(INVOICE, credited=False), outcomes={INVOICE: done()})
    assert outcome.status is ResultStatus.ALREADY_POSTED
    assert [(entity.id, entity.operation) for entity in outcome.entities] == [("145", "none")]


def test_what_the_books_hold_is_already_posted() -> None:
    """Named as the index knows it; balance only where it is known."""
    held = settled(
        AlreadyPosted(POSTED), AlreadyPosted(known(books(("Payment", payment_row())), "Payment", BODY_MONEY))
    )
    assert held.status is ResultStatus.ALREADY_POSTED
    assert [(each.entity, each.total, each.balance) for each in held.entities] == [
        ("Invoice", "30.00", "30.00"),
        ("Payment", "30.00", None),
    ]


@pytest.mark.parametrize(
    ("resolutions", "wrote", "status"),
    [
        ((Superseded(POSTED),), False, "superseded"),
        ((SKIPPED,), False, "ignored"),
        ((SKIPPED, Superseded(POSTED)), False, "ignored"),
        ((Superseded(POSTED), AlreadyPosted(POSTED)), False, "superseded"),
        ((Superseded(POSTED), Write(PAYMENT, credited=True)), True, "posted"),
        ((SKIPPED, Write(PAYMENT, credited=True)), True, "posted"),
        ((WAITS, Write(PAYMENT, credited=True)), True, "waiting"),
        ((WAITS, REFUSED), False, "dead_lettered"),
        ((REFUSED, Write(PAYMENT, credited=True)), True, "dead_lettered"),
        ((), False, "already_posted"),
    ],
)
def test_the_gravest_fate_decides_and_money_before_content(
    resolutions: tuple[StepResolution, ...], *, wrote: bool, status: str
) -> None:
    """Refused, waiting, written, skipped, superseded, held: in this order."""
    outcome = settled(*resolutions, outcomes={PAYMENT: done(PAYMENT)}, wrote=(PAYMENT,) if wrote else ())
    assert outcome.status == status
    assert (outcome.reason is None) == (status in {"posted", "already_posted"})
    assert (outcome.error is not None) == (status == "dead_lettered")


def test_what_went_through_is_named_in_a_refusal() -> None:
    """The invoice was refused, its payment was not."""
    outcome = settled(REFUSED, Write(PAYMENT, credited=True), outcomes={PAYMENT: done(PAYMENT)}, wrote=(PAYMENT,))
    assert [(entity.entity, entity.operation) for entity in outcome.entities] == [
        ("Payment", "create"),
        ("Invoice", "none"),
    ]


def test_a_refusal_of_qbo_carries_its_code_and_the_step() -> None:
    """And the transaction id of the call for the dead letter."""
    outcome = settled(Write(INVOICE, credited=True), outcomes={INVOICE: failed()})
    assert outcome.status is ResultStatus.DEAD_LETTERED
    assert outcome.reason is not None
    assert (outcome.reason.code, outcome.reason.fault_code, outcome.reason.step) == ("rejected", "6070", "invoice")


def test_a_fault_that_no_knowledge_cured_is_a_refusal() -> None:
    """All rounds were used up."""
    outcome = settled(Write(INVOICE, credited=True), outcomes={INVOICE: Blocked(CUSTOMER), CUSTOMER: lesson(CUSTOMER)})
    assert outcome.status is ResultStatus.DEAD_LETTERED
    assert outcome.reason is not None
    assert (outcome.reason.fault_code, outcome.reason.step) == ("6240", "customer")


def test_an_order_blocked_by_its_own_item_is_refused_however_far_down() -> None:
    """Payment after invoice after item: the item's fault is what the person reads."""
    outcomes: dict[StepId, StepOutcome] = {PAYMENT: Blocked(INVOICE), INVOICE: Blocked(ITEM), ITEM: failed("2020")}
    outcome = settled(Write(PAYMENT, credited=True), outcomes=outcomes)
    assert outcome.status is ResultStatus.DEAD_LETTERED
    assert outcome.reason is not None
    assert outcome.reason.fault_code == "2020"


@pytest.mark.parametrize("culprit", [INVOICE, ITEM, CUSTOMER])
def test_money_blocked_by_its_orders_fault_waits(culprit: StepId) -> None:
    """The order is the dead letter; once it is redriven the money follows."""
    outcomes: dict[StepId, StepOutcome] = {PAYMENT: Blocked(INVOICE), INVOICE: Blocked(culprit), culprit: failed()}
    outcome = settled(Write(PAYMENT, credited=True), outcomes=outcomes, plan=transaction_plan())
    assert outcome.status is ResultStatus.WAITING
    assert outcome.reason is not None
    assert outcome.reason.code == "waiting"


def test_money_that_is_refused_itself_is_a_dead_letter() -> None:
    """Its own fault."""
    outcome = settled(Write(PAYMENT, credited=True), outcomes={PAYMENT: failed()}, plan=transaction_plan())
    assert outcome.status is ResultStatus.DEAD_LETTERED


def test_an_order_blocked_by_anothers_customer_is_refused_with_its_fault() -> None:
    """Both need the same person; an event that carries a whole document waits for no other."""
    other = CUSTOMER._replace(key=TOTE)
    outcome = settled(Write(INVOICE, credited=True), outcomes={INVOICE: Blocked(other), other: failed("6000")})
    assert outcome.status is ResultStatus.DEAD_LETTERED


def test_ignored_and_refused_say_why() -> None:
    """Without a plan."""
    assert ignored("test_event", "a test").status is ResultStatus.IGNORED
    lost = refused(UnmappableEvent("no rule"))
    assert (lost.reason and lost.reason.code, str(lost.error)) == ("unmappable", "no rule")


def test_an_answer_without_a_total_has_none() -> None:
    """Customers and items."""
    row = {"Id": "60", "SyncToken": "0", "Balance": Decimal(0)}
    answer = Done(
        operation=Operation.CREATE, entity="Customer", body=row, posted=None, request_id="qbb-1", intuit_tid=None
    )
    (entity,) = settled(outcomes={CUSTOMER: answer}, wrote=(CUSTOMER,)).entities
    assert (entity.entity, entity.total, entity.balance, entity.currency) == ("Customer", None, None, None)
