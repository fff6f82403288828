"""Gift cards that a customer of another currency paid with: their share of the order in the shop's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from bridge.index.index import Index
from bridge.planning.steps import PlannedStep, Waiting
from contracts.posting import Intent, PostingPlan, PostingStep
from contracts.quickbooks import RedemptionDraft, Shown
from tests.support.plans import (
    LISTS,
    ORDER,
    TOTE,
    books,
    company,
    invoice_row,
    order_plan,
    planned,
    steps,
    transaction_key,
    transaction_plan,
)

SEEN = Shown(currency="EUR", total=Decimal("92.00"), worth=Decimal("100.00"))
INVOICE = "invoice shopify:order:100"
FOREIGN = company(multicurrency=True)


def card_plan(number: int, amount: str, currency: str = "EUR") -> PostingPlan:
    """A gift card's transaction, which names the customer's currency only."""
    day = date(2026, 3, 2)
    draft = RedemptionDraft(invoice=ORDER, item=TOTE, amount=Decimal(amount), currency=currency, txn_date=day)
    step = PostingStep(key=transaction_key(number), entity="Invoice", intent=Intent.FACT, draft=draft)
    return replace(transaction_plan(number), steps=(step,))


def remembering(fact: str, total: str = "100.00") -> Index:
    """Books with the order's invoice, whose marker says what the customer saw."""
    row = invoice_row(total, marker_fields={"v": "5.1", "h": "aaaaaaaaaa", **({"x": fact} if fact else {})})
    row["Line"] = []
    index = books(*LISTS)
    index.remember("Invoice", row, in_full=True)
    return index


def cards_of(step: PlannedStep) -> list[str]:
    """What the gift cards on the form come to, in the order of their lines."""
    return [str(card.amount) for card in step.redemptions]


def test_a_gift_card_is_its_share_of_the_order() -> None:
    """46 of 92 euros shown, of an order of 100 dollars."""
    found = steps(planned([order_plan(received="100.00", total="100.00", shown=SEEN), card_plan(7, "46.00")]))
    assert cards_of(found[INVOICE]) == ["50.00"]
    assert found[INVOICE].total == Decimal("50.00")
    assert found[INVOICE].marker_fields["x"] == "EUR:92.00:100.00:46.00"


def test_a_card_that_is_told_later_is_reckoned_by_what_the_marker_remembers() -> None:
    """The order's body came long before; a replay of it is not needed."""
    (step,) = steps(planned([card_plan(7, "92.00")], remembering("EUR:92.00:100.00:0.00"), FOREIGN)).values()
    assert (cards_of(step), step.total) == (["100.00"], Decimal("0.00"))


def test_cards_together_come_to_the_order_to_the_cent_in_any_order() -> None:
    """Guard: each rounded alone, three thirds come to a cent more than the order."""
    cards = [card_plan(7, "30.67"), card_plan(8, "30.67"), card_plan(9, "30.66")]
    (together,) = steps(planned(cards, remembering("EUR:92.00:100.00:0.00"), FOREIGN)).values()
    assert together.total == Decimal("0.00")
    (last,) = steps(planned([cards[0]], remembering("EUR:92.00:100.00:61.33", "33.34"), FOREIGN)).values()
    assert last.total == Decimal("0.00")


def test_a_card_waits_while_nobody_has_said_what_the_customer_saw() -> None:
    """An invoice of an earlier release remembers nothing: its next body says it, and a dead letter would not help."""
    found = planned([card_plan(7, "46.00")], remembering(""), FOREIGN)
    assert found.waves == ()
    assert isinstance(found.resolutions[0][0], Waiting)


def test_what_the_customer_saw_changes_no_content() -> None:
    """It is for reckoning only: a body that says it does not rewrite an invoice that says the same otherwise."""
    plain, shown = order_plan(total="100.00"), order_plan(total="100.00", shown=SEEN)
    written = [steps(planned([each]))[INVOICE].marker_fields["h"] for each in (plain, shown)]
    assert written[0] == written[1]


def test_a_stranger_s_fact_is_not_believed() -> None:
    """People can write any text into a note."""
    for fact in ("EUR:0.00:100.00:0.00", "EUR:1e9:1:0", "EUR:92.00", "nothing"):
        found = planned([card_plan(7, "46.00")], remembering(fact), FOREIGN)
        assert isinstance(found.resolutions[0][0], Waiting)
