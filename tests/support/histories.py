"""Generated lives of one order: what Shopify says, in which order it arrives, and what the books must then hold.

The oracle says what an order's money is a second time and in other words.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter as PrettyPrinter

from contracts.keys import SourceKey
from contracts.posting import Intent, PostingPlan, PostingStep
from contracts.quickbooks import InvoiceDraft, PaymentDraft, content_hash
from tests.support.orders import ORDER_ID, Json, line, order, plan_of, shopify_event, transaction

UPDATED = datetime.fromisoformat("2026-03-02T21:04:30-08:00")
RANK = {"pending": 1, "authorized": 2, "partially_paid": 3, "paid": 4}


@dataclass(frozen=True, repr=False)
class History:
    """Deliveries in micro-batches. `bodies` and `facts` are all events that ever happened, whether delivered or not."""

    batches: tuple[tuple[Json, ...], ...]
    bodies: tuple[Json, ...]
    facts: tuple[Json, ...]
    cancelled: bool

    @property
    def is_second_shared(self) -> bool:
        """Whether two bodies of one second say different things, so that their own times do not say which is newer."""
        said = {json.dumps(_of(body), sort_keys=True, default=str): _of(body)["updated_at"] for body in self.bodies}
        return len(set(said.values())) < len(said)

    def _repr_pretty_(self, printer: PrettyPrinter, cycle: bool) -> None:  # noqa: ARG002, FBT001 - the printer's protocol
        printer.text(repr(self))

    def __repr__(self) -> str:
        return " | ".join(", ".join(_words(event) for event in batch) for batch in self.batches)


@dataclass(frozen=True)
class Books:
    """What the ledger holds of one order."""

    invoices: list[tuple[str, Decimal, Decimal, tuple[str, ...]]]
    payments: list[tuple[str, Decimal]]


def expected(history: History) -> Books:
    """The newest body's content; every transaction; and what that body tells beyond them."""
    if history.cancelled:
        return Books([], [])
    plans = [plan_of(body) for body in history.bodies]
    ages = [(plan.version.updated_at, plan.version.rank) for plan in plans if plan.version]
    current = [plan for plan, age in zip(plans, ages, strict=True) if age == max(ages)]
    told = max(_received(plan) for plan in current)
    invoice = max((_invoice(plan) for plan in current), key=content_hash)
    payments = [
        (f"shopify:transaction:{_of(event)['id']}", Decimal(str(_of(event)["amount"]))) for event in history.facts
    ]
    rest = told - sum((amount for _, amount in payments), Decimal(0))
    if rest > 0:
        payments.append((f"shopify:payment:{ORDER_ID}", rest))
    received = sum((amount for _, amount in payments), Decimal(0))
    lines = tuple(f"{each.description}: {each.amount}" for each in invoice.lines)
    key = str(SourceKey("shopify", "order", str(ORDER_ID)))
    return Books([(key, invoice.total, invoice.total - min(received, invoice.total), lines)], sorted(payments))


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A life of two to five bodies and up to four transactions, delivered in any order, split and repeated."""
    cancelled = draw(st.booleans()) and draw(st.booleans())
    bodies = draw(_bodies(cancelled=cancelled))
    facts = [] if cancelled else draw(_transactions())
    newest = [body for body in bodies if _age(body) == max(_age(each) for each in bodies)]
    others = [body for body in bodies if body not in newest]
    kept = [body for body in others if draw(st.booleans())]
    events = [*newest, *kept, *facts]
    again = draw(st.lists(st.sampled_from(events), max_size=4))
    order_of_arrival = draw(st.permutations([*events, *again]))
    return History(split(draw, order_of_arrival), tuple(bodies), tuple(facts), cancelled)


def split(draw: st.DrawFn, events: list[Json]) -> tuple[tuple[Json, ...], ...]:
    """Micro-batches of events, cut anywhere."""
    batches: list[list[Json]] = [[]]
    for event in events:
        if draw(st.booleans()) and batches[-1]:
            batches.append([])
        batches[-1].append(event)
    return tuple(tuple(batch) for batch in batches)


@st.composite
def _bodies(draw: st.DrawFn, *, cancelled: bool) -> list[Json]:
    """Newer and newer; money only grows, content changes now and then; a second may hold two of them."""
    moment, told = UPDATED, Decimal(0)
    found: list[Json] = []
    for _ in range(draw(st.integers(1, 4))):
        moment += timedelta(seconds=draw(st.integers(0, 2)))
        lines, left = draw(_content())
        if not cancelled:
            told = max(told, draw(st.sampled_from([Decimal(0), told, left / 4, left / 2, left])))
        found.append(_body(lines, left, min(told, left), moment))
    if cancelled:
        last = _of(found[-1])
        moment += timedelta(seconds=draw(st.integers(0, 2)))
        ended = {**last, "cancelled_at": _text(moment), "updated_at": _text(moment), "financial_status": "voided"}
        found.append(shopify_event("orders/cancelled", ended))
    return found


@st.composite
def _content(draw: st.DrawFn) -> tuple[list[Json], Decimal]:
    """Lines, and what they come to after edits took pieces out."""
    placed = draw(st.integers(1, 3))
    left = draw(st.integers(1, placed))
    extra = draw(st.booleans())
    lines = [line("12.00", placed, current_quantity=left)]
    if extra:
        lines.append(line("8.00", 1, title="Enamel mug", name="Enamel mug", sku="MUG", current_quantity=1))
    return lines, Decimal(12 * left + 8 * extra)


def _body(lines: list[Json], left: Decimal, told: Decimal, moment: datetime) -> Json:
    status = "pending" if not told else "paid" if told == left else "partially_paid"
    body = order(
        lines,
        updated_at=_text(moment),
        financial_status=status,
        total_outstanding=str(left - told),
        current_total_price=str(left),
        current_subtotal_price=str(left),
    )
    return shopify_event("orders/updated", body)


@st.composite
def _transactions(draw: st.DrawFn) -> list[Json]:
    amounts = draw(st.lists(st.sampled_from(["3.00", "5.00", "6.00", "12.00", "20.00"]), max_size=4))
    return [
        shopify_event(
            "order_transactions/create",
            transaction(
                id=700 + number, admin_graphql_api_id=None, amount=amount, kind=("sale", "capture")[number % 2]
            ),
        )
        for number, amount in enumerate(amounts)
    ]


def _words(event: Json) -> str:
    body = _of(event)
    if "kind" in body:
        return f"{body['kind']} {body['id']} of {body['amount']}"
    money = f"{body['total_price']} now {body['current_total_price']} owing {body['total_outstanding']}"
    return f"{str(body['updated_at'])[17:19]} {body['financial_status']} {money}"


def _of(event: Json) -> Json:
    body = event["body"]
    assert isinstance(body, dict)
    return body


def _age(event: Json) -> tuple[str, int]:
    body = _of(event)
    rank = RANK.get(str(body["financial_status"]), 7) + (20 if body["cancelled_at"] else 0)
    return (str(body["updated_at"]), rank)


def _text(moment: datetime) -> str:
    return moment.isoformat()


def _step(plan: PostingPlan, intent: Intent) -> PostingStep:
    return next(step for step in plan.steps if step.intent is intent)


def _invoice(plan: PostingPlan) -> InvoiceDraft:
    draft = _step(plan, Intent.STATE).draft
    assert isinstance(draft, InvoiceDraft)
    return draft


def _received(plan: PostingPlan) -> Decimal:
    draft = _step(plan, Intent.RECEIVED).draft
    assert isinstance(draft, PaymentDraft)
    return draft.amount
