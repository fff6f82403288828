"""How goods went out is no accounting: in closed books a parcel is ignored, never a dead letter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bridge.planning.schedule import schedule
from bridge.planning.steps import Skipped, Waiting
from contracts.keys import SourceKey
from contracts.posting import ClosedPeriod, Intent, PostingPlan, PostingStep, Version
from contracts.quickbooks import ShipmentDraft
from tests.support.plans import DAY, LISTS, ORDER, books, company, invoice_row, order_plan, plan, steps

CLOSED = company(close_date=date(2026, 3, 31))
STANDS = ("Invoice", invoice_row(TxnDate=DAY.isoformat()))


def parcel_plan(ship_date: date = DAY) -> PostingPlan:
    key = SourceKey("shopify", "fulfillment", "255")
    draft = ShipmentDraft(invoice=ORDER, tracking="1Z", ship_date=ship_date)
    version = Version(5, 3, "")
    step = PostingStep(key=key, entity="Invoice", intent=Intent.STATE, draft=draft, version=version)
    return replace(plan(key, step), lane=ORDER)


def fates(plans: list[PostingPlan], policy: ClosedPeriod, *rows: Any) -> Any:
    return schedule(plans, books(*LISTS, *rows), CLOSED, policy)


@pytest.mark.parametrize("policy", ["reject", "redate", "hold"])
def test_a_parcel_of_an_order_in_closed_books_is_ignored(policy: ClosedPeriod) -> None:
    """Whatever the rule says of documents."""
    found = fates([parcel_plan()], policy, STANDS)
    assert found.waves == ()
    assert isinstance(found.resolutions[0][0], Skipped)


@pytest.mark.parametrize("policy", ["reject", "hold"])
def test_a_parcel_beside_an_order_that_is_kept_out_is_ignored(policy: ClosedPeriod) -> None:
    """Guard: it shares the form's write, and would share what becomes of it."""
    found = fates([order_plan(), parcel_plan()], policy)
    assert isinstance(found.resolutions[1][0], Skipped)
    assert isinstance(fates([parcel_plan()], policy).resolutions[0][0], Skipped)


def test_a_parcel_of_an_order_that_is_dated_anew_goes_with_it() -> None:
    """The form comes into open books; without the order it waits for it."""
    found = fates([order_plan(), parcel_plan()], "redate")
    shipping = steps(found)["invoice shopify:order:100"].shipping
    assert shipping is not None
    assert shipping.tracking == "1Z"
    assert isinstance(fates([parcel_plan()], "redate").resolutions[0][0], Waiting)


def test_a_parcel_of_open_books_waits_for_its_order() -> None:
    """It was sent after the closing date, so its order may be of open books."""
    assert isinstance(fates([parcel_plan(date(2026, 4, 1))], "reject").resolutions[0][0], Waiting)
