"""Real Stripe events, when their folder is beside the project, each into books of its own currency: none is refused.

What a posted event must come to is worked out from the raw JSON here, not by the code under test.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.money import from_stripe
from tests.support.corpus import CORPUS
from tests.support.world import opened

EVENTS = {
    path.stem: body
    for path in sorted((CORPUS / "stripe").glob("*.json"))
    if (body := json.loads(path.read_text())).get("object") == "event"
}

pytestmark = pytest.mark.skipif(not EVENTS, reason="the folder of real payloads is not beside the project")

NEVER_BOOKED = (
    "payment_intent.canceled payment_intent.processing payout.created payout.updated transfer.reversed"
).split()
"""Types that no mapping knows: they tell of no money that another event does not tell."""
WITHOUT_THEIR_SALE = ("charge.refunded refund.created refund.updated charge.refund.updated credit_note.created").split()
"""What waits here, because the charge or invoice that it is of is not in the folder."""


@pytest.mark.parametrize("name", list(EVENTS))
async def test_a_real_event_is_posted_or_says_why_not(name: str) -> None:
    """Posted with the amount of the source, ignored with a reason, or waiting for its sale."""
    event: dict[str, Any] = {key: value for key, value in EVENTS[name].items() if key != "account"}
    body = event["data"]["object"]
    currency = str(body.get("currency") or "usd").upper()
    async with opened(currency=currency) as world:
        (result,) = await world.deliver(event)
        code = result.reason.code if result.reason else None
        if event["type"] in NEVER_BOOKED:
            assert (result.status, code) == ("ignored", "unknown_type")
        elif result.status == "waiting":
            assert event["type"] in WITHOUT_THEIR_SALE
        elif result.status == "posted" and body["object"] != "dispute":
            told = body["total"] if body["object"] == "invoice" else body.get("amount_captured") or body["amount"]
            (invoice,) = world.held("Invoice")
            assert invoice["TotalAmt"] == from_stripe(told, currency).number
            assert sum(each["TotalAmt"] for each in world.held("Payment")) == from_stripe(told, currency).number
        elif result.status == "posted":
            rows = body["balance_transactions"]
            booked = [entry["TotalAmt"] for entry in world.held("JournalEntry")]
            assert booked == [from_stripe(abs(row["net"]), currency).number for row in rows]
        else:
            assert (result.status, code) in {("ignored", "skipped_by_rule"), ("ignored", "booked_by_shop")}
            assert all(not world.held(entity) for entity in ("Invoice", "Payment", "JournalEntry", "Deposit"))


async def test_how_many_real_events_end_how() -> None:
    """All together, so that a change of the whole is seen at a glance."""
    found: dict[str, int] = {}
    for event in EVENTS.values():
        body = event["data"]["object"]
        async with opened(currency=str(body.get("currency") or "usd").upper()) as world:
            (result,) = await world.deliver({key: value for key, value in event.items() if key != "account"})
            found[result.status] = found.get(result.status, 0) + 1
    assert found["posted"] >= 19
    assert found.get("dead_lettered", 0) == 0
    assert sum(found.values()) == len(EVENTS)
