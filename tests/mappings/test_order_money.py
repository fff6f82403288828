"""Over orders that Shopify's own arithmetic allows, the invoice is the order, to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.money import round_half_up, total
from contracts.quickbooks import InvoiceDraft
from tests.support.orders import Json, discounted, invoice_of, line, order, payment_of, plan_of, shipping
from tests.support.sizes import examples

RATES = [Decimal(0), Decimal("0.0725"), Decimal("0.10"), Decimal("0.23")]


@st.composite
def lines(draw: st.DrawFn, places: int, *, included: bool, edits: bool = False) -> Json:
    """One line with its discount and its tax, rounded per line as Shopify does; some pieces may be edited away."""
    unit = Decimal(1).scaleb(-places)
    price = draw(st.integers(0, 300_000)) * unit
    quantity = draw(st.integers(1, 12))
    gross = price * quantity
    discount = draw(st.integers(0, int(gross / unit))) * unit if draw(st.booleans()) else Decimal(0)
    rate = draw(st.sampled_from(RATES))
    net = gross - discount
    tax = round_half_up(net * rate / (1 + rate) if included else net * rate, places)
    changes: dict[str, Any] = {"id": draw(st.integers(1, 2**50)), "sku": draw(st.sampled_from(["", "A", "B", "C"]))}
    if discount:
        changes["discount_allocations"] = discounted(str(discount))
    if rate:
        changes["tax_lines"] = [{"price": str(tax), "rate": str(rate)}]
    left = draw(st.integers(0, quantity)) if edits else quantity
    return line(str(price), quantity, current_quantity=left, gift_card=draw(st.integers(0, 9)) == 0, **changes)


@st.composite
def orders(draw: st.DrawFn, *, edits: bool = False) -> Json:
    """A legal order in a currency with or without decimals."""
    currency, places = draw(st.sampled_from([("USD", 2), ("EUR", 2), ("JPY", 0)]))
    included = draw(st.booleans())
    unit = Decimal(1).scaleb(-places)
    rows = draw(
        st.lists(
            lines(places, included=included, edits=edits), min_size=1, max_size=6, unique_by=lambda row: str(row["id"])
        )
    )
    price = draw(st.integers(0, 2_000)) * unit
    rate = draw(st.sampled_from(RATES))
    tax = round_half_up(price * rate / (1 + rate) if included else price * rate, places)
    ships = [shipping(str(price), tax_lines=[{"price": str(tax)}])] if draw(st.booleans()) else []
    tip = draw(st.integers(0, 500)) * unit
    return order(
        rows,
        currency=currency,
        presentment_currency=currency,
        taxes_included=included,
        shipping_lines=ships,
        total_tip_received=str(tip),
        refunds=[],
    )


def adds_up(invoice: InvoiceDraft) -> bool:
    """Lines + tax - discount = total, and no line that QBO would refuse."""
    for row in invoice.lines:
        if row.quantity is not None and row.unit_price is not None:
            assert round_half_up(row.quantity * row.unit_price, 2) == row.amount
    return total(row.amount for row in invoice.lines) + invoice.tax - invoice.discount == invoice.total


@settings(max_examples=examples(300), deadline=None)
@given(body=orders())
def test_invoice_is_the_order(body: Json) -> None:
    """Whatever is taxed, discounted, tipped or shipped, included or added."""
    plan = plan_of(body)
    invoice = invoice_of(plan)
    assert adds_up(invoice)
    assert invoice.total == payment_of(plan).amount == Decimal(str(body["total_price"]))
    assert invoice.tax == Decimal(str(body["total_tax"]))
    assert invoice.discount == Decimal(str(body["total_discounts"]))


@settings(max_examples=examples(300), deadline=None)
@given(body=orders(edits=True))
def test_invoice_is_what_edits_left(body: Json) -> None:
    """Pieces that are gone take their price, discount and tax along; the source's own figures agree."""
    places = 0 if body["currency"] == "JPY" else 2
    goods = tax = Decimal(0)
    for row in body["line_items"]:  # type: ignore[attr-defined]
        share = Decimal(row["current_quantity"]) / row["quantity"]
        discount = total(Decimal(found["amount"]) for found in row["discount_allocations"])
        goods += Decimal(row["price"]) * row["current_quantity"] - round_half_up(discount * share, places)
        tax += total(round_half_up(Decimal(found["price"]) * share, places) for found in row["tax_lines"])
    ship = total(Decimal(found["price"]) for found in body["shipping_lines"])  # type: ignore[attr-defined]
    tax += total(Decimal(t["price"]) for row in body["shipping_lines"] for t in row["tax_lines"])  # type: ignore[attr-defined]
    left = goods + ship + Decimal(str(body["total_tip_received"])) + (0 if body["taxes_included"] else tax)
    figures = {"current_subtotal_price": str(goods), "current_total_tax": str(tax), "current_total_price": str(left)}
    for stated in ({**body, **figures}, {**body, **dict.fromkeys(figures)}):
        invoice = invoice_of(plan_of(stated))
        assert adds_up(invoice)
        assert invoice.total == left
