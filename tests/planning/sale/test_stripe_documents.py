"""Stripe's refunds, disputes, credit notes and given-up invoices through the machine, in every order."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest

from mappings.rules import load_rules
from tests.support.orders import Json, charge, stripe_event
from tests.support.stripe_lives import INVOICE, SURE
from tests.support.stripe_objects import (
    CREATED,
    INTENT_ID,
    REINSTATED,
    WITHDRAWN,
    added_tax,
    billed,
    credit_note,
    dispute,
    invoice,
    listed,
    paid_invoice,
    refund,
    row,
)
from tests.support.world import World, opened, without_own_credits

D = Decimal
CHARGED = stripe_event("charge.succeeded", charge())


def live(world: World, entity: str) -> list[Decimal]:
    """The totals of what counts."""
    return [each["TotalAmt"] for each in world.held(entity) if each["TotalAmt"]]


async def told(world: World, *events: Json) -> None:
    """Each in a micro-batch of its own, after a restart; nothing is refused and nothing waits in the end."""
    for event in events:
        await world.deliver(event)
        await world.restart()
    await world.idle()
    assert set(world.statuses()) <= SURE


REFUNDS = [
    stripe_event("refund.created", refund(status="pending")),
    stripe_event("refund.updated", refund()),
    stripe_event("charge.refunded", charge(amount_refunded=1000, refunds=listed([refund()]))),
    CHARGED,
]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::3])
async def test_a_refund_is_booked_once_whoever_tells_it(order: tuple[int, ...]) -> None:
    """Its own events and the charge's are one fact."""
    async with opened() as world:
        await told(world, *(REFUNDS[number] for number in order))
        assert live(world, "RefundReceipt") == [D(10)]
        assert world.in_transit() == D(15)


GIVEN_BACK = row("refund", -1000, str(refund()["id"]), -69)
FAILED = [
    CHARGED,
    stripe_event("refund.updated", refund(balance_transaction=GIVEN_BACK)),
    stripe_event("refund.failed", refund(status="failed")),
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_refund_that_failed_is_no_refund(order: tuple[int, ...]) -> None:
    """Guard: it is taken out of the books, and not booked when it is told later; its fee is a row of its own."""
    async with opened() as world:
        await told(world, *(FAILED[number] for number in order))
        assert live(world, "RefundReceipt") == []
        assert world.in_transit() == D("25.69")


async def test_a_refund_of_what_the_shop_books_does_not_wait() -> None:
    """Guard: charge.refunded knows whose charge it is; the refund's own event need not."""
    shop = stripe_event("charge.refunded", charge(metadata={"order_id": "720"}))
    for first, second in ((shop, REFUNDS[1]), (REFUNDS[1], shop)):
        async with opened() as world:
            await told(world, first, second)
            codes = [results[-1].reason and results[-1].reason.code for results in world.results.values()]
            assert codes == ["booked_by_shop", "booked_by_shop"]


DISPUTED = [
    stripe_event("charge.dispute.created", dispute([])),
    stripe_event("charge.dispute.funds_withdrawn", dispute()),
    stripe_event("charge.dispute.funds_reinstated", dispute([WITHDRAWN, REINSTATED])),
    stripe_event("charge.dispute.closed", dispute([WITHDRAWN, REINSTATED], status="won")),
]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::3])
async def test_a_dispute_that_is_won_leaves_nothing(order: tuple[int, ...]) -> None:
    """Each row of the balance once, whichever event brings it."""
    async with opened() as world:
        await told(world, *(DISPUTED[number] for number in order))
        assert len(world.held("JournalEntry")) == 2
        for account in ("DiscountsRefundsGiven", "BankCharges"):
            assert world.balance(account) == 0
        assert world.in_transit() == 0


async def test_a_dispute_takes_the_money_and_the_fee() -> None:
    """Out of where payments lie, until it is won."""
    async with opened() as world:
        await told(world, CHARGED, DISPUTED[1])
        assert world.in_transit() == D(-15)
        assert world.balance("DiscountsRefundsGiven") == D(25)
        assert world.balance("BankCharges") == D(15)


OPEN = stripe_event("invoice.finalized", invoice(), created=CREATED)
MARKED: Json = {"finalized_at": CREATED, "marked_uncollectible_at": CREATED + 9}
GIVEN_UP = stripe_event(
    "invoice.marked_uncollectible", invoice(status="uncollectible", status_transitions=MARKED), created=CREATED + 9
)
PAID_AFTER_ALL = stripe_event("invoice.paid", paid_invoice(status_transitions=MARKED), created=CREATED + 99)


BAD_DEBTS = load_rules('accounts.bad_debts = "Miscellaneous"')
"""The developers' company has no account of sub-type BadDebts, so a rule must name one."""


async def test_bad_debts_need_an_account() -> None:
    """The company has none of that type: a person is told which rule to set."""
    async with opened() as world:
        _, result = await world.deliver(OPEN, GIVEN_UP)
        assert (result.status, result.reason and result.reason.code) == ("dead_lettered", "unmappable")
        assert "accounts.bad_debts" in str(result.reason and result.reason.message)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
async def test_what_is_given_up_is_a_bad_debt(order: list[int]) -> None:
    """Nobody owes it any more, and it is an expense."""
    async with opened(BAD_DEBTS) as world:
        await told(world, *([OPEN, GIVEN_UP][number] for number in order))
        assert [each[:3] for each in world.invoices()] == [(INVOICE, D(25), D(0))]
        assert world.balance("OtherMiscellaneousExpense") == D(25)


PAID_TRIMMED = stripe_event("invoice.paid", paid_invoice(status_transitions=None), created=CREATED + 99)


@pytest.mark.parametrize("paid", [PAID_AFTER_ALL, PAID_TRIMMED], ids=["says when", "does not say"])
@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_bad_debt_that_was_paid_is_none(order: tuple[int, ...], paid: Json) -> None:
    """The credit is taken back, before or after it was booked; also where no body of then says that it was given up."""
    async with opened(BAD_DEBTS) as world:
        await told(world, *([OPEN, GIVEN_UP, paid][number] for number in order))
        assert [each[:3] for each in world.invoices()] == [(INVOICE, D(25), D(0))]
        assert world.balance("OtherMiscellaneousExpense") == 0
        assert world.payments() == [(f"stripe:payment:{INVOICE.rsplit(':', 1)[1]}", D(25))]


@pytest.mark.parametrize("marked", [MARKED, None], ids=["says when", "does not say"])
@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_bad_debt_whose_invoice_is_void_is_none(order: tuple[int, ...], marked: Json | None) -> None:
    """Nobody ever owed it: sale and loss are gone."""
    voided = stripe_event("invoice.voided", invoice(status="void", status_transitions=marked), created=CREATED + 99)
    async with opened(BAD_DEBTS) as world:
        await told(world, *([OPEN, GIVEN_UP, voided][number] for number in order))
        assert world.invoices() == []
        assert live(world, "CreditMemo") == []
        assert world.balance("OtherMiscellaneousExpense") == 0


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
async def test_an_invoice_that_is_void_in_stripe_does_not_count(order: list[int]) -> None:
    """Told before or after it was final."""
    voided = stripe_event("invoice.voided", invoice(status="void"), created=CREATED + 99)
    async with opened() as world:
        await told(world, *([OPEN, voided][number] for number in order))
        assert world.invoices() == []


NOTED = stripe_event("credit_note.created", credit_note(1000))
LESS = paid_invoice(amount_due=1500, amount_paid=1500, payment_intent=INTENT_ID, charge=str(charge()["id"]))
PAID_LESS = [
    OPEN,
    stripe_event("invoice.paid", LESS, created=CREATED + 99),
    stripe_event("charge.succeeded", charge(amount=1500, amount_captured=1500)),
    NOTED,
]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::3])
async def test_a_credit_note_and_the_charge_for_the_rest_settle_the_invoice(order: tuple[int, ...]) -> None:
    """One sale, one credit, one payment."""
    async with opened() as world:
        await told(world, *(PAID_LESS[number] for number in order))
        assert [each[:3] for each in world.invoices()] == [(INVOICE, D(25), D(0))]
        assert live(world, "CreditMemo") == [D(10)]
        assert world.in_transit() == D(15)


@pytest.mark.parametrize("handed_back", [1080, 540])
@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
async def test_a_credit_note_that_was_refunded_takes_its_tax_back_as_well(
    order: tuple[int, ...], handed_back: int
) -> None:
    """Guard: the refund tells no tax, its credit note does; sales and tax end as both say, the tax is lost nowhere."""
    rows, tax = listed([billed(1000, taxes=[added_tax(80)])]), [added_tax(80)]
    by = [{"amount_refunded": handed_back, "refund": str(refund()["id"])}]
    sold, both = [billed(2500, taxes=[added_tax(200)])], {"payment_intent": INTENT_ID, "charge": str(charge()["id"])}
    events = [
        stripe_event("invoice.paid", paid_invoice(sold, 2700, total_taxes=[added_tax(200)], **both)),
        stripe_event("charge.succeeded", charge(amount=2700, amount_captured=2700)),
        stripe_event("credit_note.created", credit_note(1080, lines=rows, total_taxes=tax, refunds=by)),
        stripe_event("refund.created", refund(handed_back)),
    ]
    async with opened() as world:
        await without_own_credits(world)
        await told(world, *(events[number] for number in order))
        found = world.trial_balance()
        assert (found["Sales of Product Income"], found["Board of Equalization Payable"]) == (D(-15), D("-1.20"))
        assert found["Stripe clearing"] == D(27) - D(handed_back) / 100
        assert sum(world.owed().values()) == D(handed_back - 1080) / 100


async def test_a_credit_note_that_is_voided_is_none() -> None:
    """Told before or after the note itself."""
    voided = stripe_event("credit_note.voided", credit_note(1000, status="void"))
    for first, second in ((NOTED, voided), (voided, NOTED)):
        async with opened() as world:
            await told(world, OPEN, first, second)
            assert [each[:3] for each in world.invoices()] == [(INVOICE, D(25), D(25))]
            assert live(world, "CreditMemo") == []


async def test_a_customer_is_known_before_anything_is_sold_to_it() -> None:
    """And what is sold later goes to it."""
    person: Json = {
        "id": "cus_Q1w2E3r4T5",
        "object": "customer",
        "created": CREATED,
        "name": "Ines Moreau",
        "currency": "usd",
    }
    later: Json = {**person, "name": "Ines Moreau-Petit"}
    async with opened() as world:
        await told(
            world,
            stripe_event("customer.created", person, created=CREATED),
            CHARGED,
            stripe_event("customer.updated", later, created=CREATED + 9),
            stripe_event("customer.updated", person, created=CREATED + 5),
        )
        assert [each["DisplayName"] for each in world.held("Customer")] == ["Ines Moreau-Petit"]


async def test_a_fee_is_booked_once_whether_the_charge_or_its_capture_tells_it() -> None:
    """charge.captured and charge.succeeded are one sale."""
    fee = row("charge", 2500, str(charge()["id"]), 103)
    async with opened() as world:
        await told(
            world,
            stripe_event("charge.succeeded", charge(captured=False)),
            stripe_event("charge.captured", charge(balance_transaction=fee)),
            stripe_event("charge.succeeded", charge(balance_transaction=fee)),
        )
        assert world.balance("BankCharges") == D("1.03")
        assert live(world, "Payment") == [D(25)]
