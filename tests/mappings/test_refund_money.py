"""Over refunds that Shopify's own arithmetic allows: what is booked is what moved, however it is shared."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.money import round_half_up, total
from contracts.quickbooks import CreditMemoDraft, RefundReceiptDraft
from mappings.shopify.amounts import AmountPart
from mappings.shopify.refunds.money import fill
from mappings.shopify.refunds.parts import value
from tests.support.orders import (
    Json,
    adjustment,
    handed_back,
    line,
    order,
    plan_of,
    receipts_of,
    refund,
    refund_line,
    sets,
    shopify_event,
    taxed,
)
from tests.support.sizes import examples

CENT = Decimal("0.01")
GATEWAYS = ["shopify_payments", "paypal", "cash", "gift_card"]
cents = st.integers(1, 50_000).map(lambda number: number * CENT)


class DrawnRefund(NamedTuple):
    """A refund, and what a person would say of it: goods without tax, their tax, and what moved by gateway."""

    body: Json
    goods: Decimal
    tax: Decimal
    moved: dict[str, Decimal]


@st.composite
def refunds(draw: st.DrawFn) -> DrawnRefund:
    """Goods with taxes, delivery, a fee that was kept or a gift on top, through one to four gateways."""
    inside = draw(st.booleans())
    rows: list[Json] = []
    goods = tax = Decimal(0)
    for number in range(draw(st.integers(0, 5))):
        price, rate = draw(cents), draw(st.sampled_from([Decimal(0), Decimal("0.07"), Decimal("0.19")]))
        on_it = round_half_up(price * rate / (1 + rate) if inside else price * rate)
        rows.append(refund_line(line(str(price), 1, id=number + 1, sku=f"S{number % 3}"), 1, str(price), str(on_it)))
        goods, tax = goods + (price - on_it if inside else price), tax + on_it
    shipping = draw(st.sampled_from([Decimal(0), Decimal("4.90")]))
    adjustments = [adjustment(str(-shipping), kind="shipping_refund")] if shipping else []
    goods += shipping
    kept = draw(st.integers(-500, int((goods + tax) / CENT) // 2)) * CENT
    adjustments += [adjustment(str(kept))] if kept else []
    whole = goods + tax - kept
    moved = draw(_shares(whole)) if whole > 0 else {}
    money = [handed_back(str(amount), id=n + 1, gateway=name) for n, (name, amount) in enumerate(moved.items())]
    return DrawnRefund(
        refund(rows, *draw(st.permutations(money)), order_adjustments=adjustments), goods - kept, tax, moved
    )


@st.composite
def _shares(draw: st.DrawFn, whole: Decimal) -> dict[str, Decimal]:
    names = draw(st.lists(st.sampled_from(GATEWAYS), min_size=1, max_size=4, unique=True))
    left, found = whole, {}
    for name in names[:-1]:
        found[name] = draw(st.integers(1, max(int(left / CENT) - len(names), 1))) * CENT
        left -= found[name]
    found[names[-1]] = left
    return {name: amount for name, amount in found.items() if amount > 0} if left > 0 else {names[0]: whole}


@settings(max_examples=examples(300), deadline=None)
@given(drawn=refunds())
def test_receipts_are_what_moved(drawn: DrawnRefund) -> None:
    """Guard: each receipt is its gateway's sum; together they are the goods and the tax, nothing lost."""
    assume(drawn.moved)
    found = list(receipts_of(plan_of(drawn.body)).values())
    assert sorted(found, key=lambda each: each.doc_number) == found
    for draft, gateway in zip(found, sorted(drawn.moved), strict=True):
        lines = [row for row in draft.lines if row.item.id != "gift-card"]
        assert total(row.amount for row in draft.lines) + draft.tax == draft.total
        assert total(row.tax for row in draft.lines) == draft.tax
        assert total(row.amount for row in lines) + draft.tax == drawn.moved[gateway]
        assert draft.total == (0 if gateway == "gift_card" else drawn.moved[gateway])
        for row in draft.lines:
            if row.quantity is not None and row.unit_price is not None:
                assert round_half_up(row.quantity * row.unit_price) == row.amount
    sold = total(row.amount for draft in found for row in draft.lines if row.item.id != "gift-card")
    assert (sold, total(draft.tax for draft in found)) == (drawn.goods, drawn.tax)


@settings(max_examples=examples(100), deadline=None)
@given(drawn=refunds())
def test_order_and_event_tell_the_same(drawn: DrawnRefund) -> None:
    """Whatever a refund holds, its order's body books the same documents under the same keys."""
    assume(drawn.moved)
    alone = plan_of(shopify_event("refunds/create", drawn.body))
    within = plan_of(order([taxed("99.00", 1, "1.00")], refunds=[drawn.body], financial_status="partially_refunded"))
    kinds = (RefundReceiptDraft, CreditMemoDraft)
    told = [(step.key, step.draft) for step in within.steps if isinstance(step.draft, kinds)]
    assert told == [(step.key, step.draft) for step in alone.steps if isinstance(step.draft, kinds)]


parts = st.builds(
    lambda amount, tax: AmountPart(kind="product", amount=amount, tax=tax),
    st.integers(0, 9_999).map(lambda number: number * CENT),
    st.integers(0, 999).map(lambda number: number * CENT),
)


@given(dealt=st.lists(parts, min_size=1, max_size=8), cuts=st.lists(st.floats(0, 1), max_size=4), kept=cents)
def test_parts_are_dealt_out_whole(dealt: list[AmountPart], cuts: list[float], kept: Decimal) -> None:
    """Each amount is met exactly; amounts and taxes of all pieces are those of the parts."""
    negative = AmountPart(kind="refund", amount=-min(kept, value(dealt)), tax=Decimal(0))
    whole = value([*dealt, negative])
    edges = sorted({round_half_up(Decimal(cut) * whole) for cut in cuts} | {Decimal(0), whole})
    amounts = [after - before for before, after in pairwise(edges)] or [whole]
    found = fill([*dealt, negative], amounts, 2)
    assert [value(share) for share in found] == amounts
    pieces = [part for share in found for part in share]
    assert total(part.amount for part in pieces) == total(part.amount for part in [*dealt, negative])
    assert total(part.tax for part in pieces) == total(part.tax for part in dealt)
    assert all(part.amount >= 0 and part.tax >= 0 for part in pieces if part.kind == "product")


def test_five_hundred_lines_are_five_hundred_lines() -> None:
    """QBO takes 750 that are taxed; none is pooled, and the total is the order's."""
    lines = [taxed(f"{number}.37", 3, "0.24", id=number + 1, sku=f"S{number}") for number in range(500)]
    plan = plan_of(order(lines))
    invoice = next(step.draft for step in plan.steps if step.entity == "Invoice")
    assert len(invoice.lines) == 500  # type: ignore[union-attr]
    expected = sum(Decimal(f"{number}.37") * 3 for number in range(500)) + Decimal("0.24") * 500
    assert invoice.total == expected  # type: ignore[union-attr]


def test_presentment_sets_do_not_disturb_the_shop_s_figures() -> None:
    """The books are in the shop's money; what the customer saw beside it changes nothing."""
    row = refund_line(line("10.00", 1, id=1), 1, "10.00")
    other = {**row, "subtotal_set": {**sets("10.00"), "presentment_money": {"amount": "9.10", "currency_code": "EUR"}}}
    first, second = (plan_of(refund([each], handed_back("10.00"))) for each in (row, other))
    assert receipts_of(first) == receipts_of(second)
