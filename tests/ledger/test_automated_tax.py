"""Automated sales tax: an order is booked as it was charged, or it is a dead letter with both totals; others go on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from mappings.rules import MappingRules, load_rules
from tests.ledger.nets import nets
from tests.ledger.told_orders import CENT, NOTHING, Nets, ToldOrder
from tests.support.orders import Json, refund_line, stripe_event
from tests.support.sizes import examples
from tests.support.stripe_lives import SURE
from tests.support.stripe_objects import added_tax, billed, paid_invoice
from tests.support.world import World, opened

OTHER = Decimal(10)
"""The worth of an untaxed order that follows each taxed one."""
FORMS = {name: load_rules(f'[orders]\ndocument = "{name}"') for name in ("invoice", "sales_receipt")}


@dataclass(frozen=True, slots=True)
class TaxedOrder:
    """Two pieces of `price` with the tax charged on both; `back` is what of it a returned piece gives back, or None."""

    price: Decimal
    charged: Decimal
    back: Decimal | None

    def events(self) -> tuple[Json, ...]:
        told = ToldOrder(1, 1)
        tax = [{"title": "State", "rate": 0.08, "price": str(self.charged)}]
        sold = told.article(1, self.price, 2, tax_lines=tax)
        worth = 2 * self.price + self.charged
        told.body([{**sold, "current_quantity": 2}], "paid", worth, NOTHING, total_tax=str(self.charged))
        told.moved(worth)
        if self.back is not None:
            row = refund_line(sold, 1, str(self.price), str(self.back))
            told.refund([], self.price + self.back, refund_line_items=[row])
        return tuple(told.events)

    def nets(self, *, is_sale_kept: bool, is_refund_kept: bool) -> Nets:
        """By kind of account, with the order that follows; nothing of what QuickBooks answered otherwise."""
        sold, tax = (2 * self.price, self.charged) if is_sale_kept else (NOTHING, NOTHING)
        if self.back is not None and is_refund_kept:
            sold, tax = sold - self.price, tax - self.back
        found = {"income": sold + OTHER, "tax": tax, "money": sold + tax + OTHER}
        return {kind: amount for kind, amount in found.items() if amount}


@st.composite
def taxed_orders(draw: st.DrawFn, percent: Decimal) -> TaxedOrder:
    """Charged as QuickBooks would reckon, a cent off, or anything."""
    price = draw(st.integers(1_00, 900_00)) * CENT
    charged, back = (draw(_charged(_reckoned(base, percent))) for base in (2 * price, price))
    return TaxedOrder(price, charged, min(back, charged) if draw(st.booleans()) else None)


def _charged(reckoned: Decimal) -> st.SearchStrategy[Decimal]:
    near = st.sampled_from([reckoned - CENT, reckoned + CENT])
    tax = st.one_of(st.just(reckoned), near, st.integers(0, 90_00).map(CENT.__mul__))
    return tax.map(lambda each: max(each, NOTHING))


def _reckoned(base: Decimal, percent: Decimal) -> Decimal:
    return (base * percent / 100).quantize(CENT, ROUND_HALF_UP)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    drawn=st.data(),
    percent=st.sampled_from(["0", "6", "8.25", "10.75"]),
    form=st.sampled_from(sorted(FORMS)),
    has_code=st.booleans(),
    restarts=st.booleans(),
)
def test_an_order_is_booked_as_charged_or_refused_with_both_totals(
    drawn: st.DataObject, percent: str, form: str, *, has_code: bool, restarts: bool
) -> None:
    """Beside the company's code QuickBooks keeps what was charged; without one it reckons itself, of the exempt 0 %."""
    order = drawn.draw(taxed_orders(Decimal(percent)))
    asyncio.run(_check(order, Decimal(percent), form, has_code=has_code, restarts=restarts))


async def _check(order: TaxedOrder, percent: Decimal, form: str, *, has_code: bool, restarts: bool) -> None:
    asked = ((order.charged, 2 * order.price), (order.back, order.price))
    # because a form without tax says so on every line, nothing is reckoned on it
    sale_kept, refund_kept = (has_code or not tax or tax == _reckoned(base, percent) for tax, base in asked)
    async with _automated(FORMS[form], percent, has_code=has_code) as world:
        await _tell(world, [*order.events(), *_other_order()], restarts=restarts)
        assert nets(world) == order.nets(is_sale_kept=sale_kept, is_refund_kept=sale_kept and refund_kept)
        refused = [each[-1].reason for each in world.results.values() if each[-1].status == "dead_lettered"]
        codes = [reason.code for reason in refused if reason]
        assert ("conflict" in codes) == (not sale_kept or not refund_kept)
        assert set(codes) <= {"conflict", "orphan"}
        worth = 2 * order.price + order.charged if not sale_kept else order.price + (order.back or NOTHING)
        named = [reason.message for reason in refused if reason and reason.code == "conflict"]
        assert not named or any(f"{worth:.2f}" in message for message in named)


@pytest.mark.parametrize("has_code", [True, False])
@pytest.mark.parametrize("charged", [1000, 1001])
async def test_an_invoice_of_stripe_is_booked_as_charged_or_refused(charged: int, *, has_code: bool) -> None:
    """QuickBooks reckons 10.00."""
    tax = added_tax(charged)
    body = paid_invoice([{**billed(100_00), "taxes": [tax]}], 100_00 + charged, total_taxes=[tax])
    async with _automated(FORMS["invoice"], Decimal(10), has_code=has_code) as world:
        await _tell(world, [stripe_event("invoice.paid", body), *_other_order()], restarts=True)
        kept = has_code or charged == 1000
        sold, owed = (Decimal(100), charged * CENT) if kept else (NOTHING, NOTHING)
        expected = {"income": sold + OTHER, "tax": owed, "money": sold + owed + OTHER}
        assert nets(world) == {kind: amount for kind, amount in expected.items() if amount}


async def test_a_code_is_the_company_s_own_whatever_it_is_called() -> None:
    """It is known by the preferences and by its Id."""
    order = TaxedOrder(Decimal(100), Decimal("16.49"), Decimal("8.24"))
    async with _automated(FORMS["invoice"], Decimal("8.25")) as world:
        codes = world.sandbox.company().tables["TaxCode"]
        for ident in [each for each in codes if each.isdigit()]:
            codes[ident] = {**codes[ident], "Name": f"Renamed {ident}"}
        await world.restart()
        await _tell(world, [*order.events(), *_other_order()], restarts=False)
        assert nets(world) == order.nets(is_sale_kept=True, is_refund_kept=True)


@contextlib.asynccontextmanager
async def _automated(rules: MappingRules, percent: Decimal, *, has_code: bool = True) -> AsyncIterator[World]:
    """A company whose sales tax QuickBooks reckons at `percent`; without a code where it has none of its own."""
    async with opened(rules, automated_tax_percent=str(percent)) as world:
        set_switches(world.sandbox.realms[DEFAULT_REALM], {"preferences": {"TaxPrefs": {"PartnerTaxEnabled": True}}})
        if not has_code:
            _take_codes(world)
        await world.restart()
        yield world


def _take_codes(world: World) -> None:
    tables = world.sandbox.company().tables
    for ident in [each for each in tables["TaxCode"] if each.isdigit()]:
        tables["TaxCode"][ident] = {**tables["TaxCode"][ident], "Active": False}
    for ident, row in list(tables["Preferences"].items()):
        left = {name: value for name, value in row["TaxPrefs"].items() if name != "TaxGroupCodeRef"}
        tables["Preferences"][ident] = {**row, "TaxPrefs": left}


def _other_order() -> tuple[Json, ...]:
    told = ToldOrder(2, 2)
    told.body([{**told.article(1, OTHER), "current_quantity": 1}], "paid", OTHER, NOTHING)
    told.moved(OTHER)
    return tuple(told.events)


async def _tell(world: World, events: Sequence[Json], *, restarts: bool) -> None:
    for event in events:
        await world.deliver(event)
        if restarts:
            await world.restart()
    await world.idle()
    assert {each[-1].status for each in world.results.values()} <= SURE | {"dead_lettered"}
