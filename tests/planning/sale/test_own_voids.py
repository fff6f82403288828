"""What the bridge voided is its own void, also to the owner after one that was killed right behind it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mappings.rules import load_rules
from tests.ledger.nets import nets
from tests.support.orders import line, order
from tests.support.world import opened

RECEIPTS = load_rules('[orders]\ndocument = "sales_receipt"')
PAID = order([line("90.00")], updated_at="2026-03-02T10:00:00-05:00")
GROWN = order(
    [line("90.00"), line("35.00")],
    updated_at="2026-03-08T10:00:00-05:00",
    financial_status="partially_paid",
    total_outstanding="35.00",
)
REQUESTS = 7
"""More than it takes to put an invoice in the place of a receipt, with a kill before each of them."""


@pytest.mark.parametrize("first", range(REQUESTS))
@pytest.mark.parametrize("second", [0, 1, 2])
async def test_a_receipt_that_was_outgrown_is_an_invoice_wherever_its_owners_were_killed(
    first: int, second: int
) -> None:
    """It was void, the invoice was not sent, and the order was nowhere. Guards: `own_void`, `standing_form`."""
    async with opened(RECEIPTS) as world:
        await world.deliver(PAID)
        await world.deliver_twice(GROWN, requests=first, then=[second])
        await world.idle()
        assert world.statuses()[-1] in {"posted", "already_posted"}
        assert nets(world) == {"income": Decimal("125.00"), "receivable": Decimal("35.00"), "money": Decimal("90.00")}


@pytest.mark.parametrize(
    ("entity", "operation", "code"),
    [("SalesReceipt", "update", "5010"), ("Invoice", "create", "6140"), ("Invoice", "create", "610")],
)
async def test_what_is_planned_once_more_after_the_void_is_still_in_its_place(
    entity: str, operation: str, code: str
) -> None:
    """A stale note, a number that is taken, a reference that is gone."""
    async with opened(RECEIPTS) as world:
        await world.deliver(PAID)
        world.breaks("fault", count=1, entity=entity, operation=operation, status=400, code=code)
        await world.deliver(GROWN)
        assert world.statuses() == ["posted", "posted"]
        assert nets(world) == {"income": Decimal("125.00"), "receivable": Decimal("35.00"), "money": Decimal("90.00")}
