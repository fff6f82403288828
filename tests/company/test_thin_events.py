"""Thin events of Stripe: nothing of them is booked, and that is said wherever a person looks."""

from __future__ import annotations

import pytest

from bridge.commands.doctor.thin_events import examine_results
from tests.support.orders import Json, charge, stripe_event
from tests.support.world import opened


def thin(**changes: object) -> Json:
    """An event that names its charge and does not hold it."""
    named = {"id": "ch_1", "type": "charge", "url": "/v1/charges/ch_1"}
    return {
        "id": "evt_1",
        "object": "v2.core.event",
        "type": "v1.charge.succeeded",
        "livemode": False,
        "created": "2026-03-03T05:04:31.000Z",
        "related_object": named,
        **changes,
    }


@pytest.mark.parametrize(
    "event",
    [
        thin(),
        thin(type="v2.money_management.outbound_payment.posted"),
        thin(related_object=None),
        stripe_event("v1.charge.succeeded", {"id": "ch_1", "object": "charge"}),
    ],
)
async def test_a_thin_event_is_said_on_the_result_on_the_board_and_by_the_doctor(event: Json) -> None:
    """Guard: it is ignored as unknown_type, as before, and warned of, with what to do about it."""
    async with opened() as world:
        (result,) = await world.deliver(event)
        assert (result.status, result.reason and result.reason.code) == ("ignored", "unknown_type")
        assert [told.code for told in result.warnings] == ["thin_event"]
        (notice,) = world.status.notices()
        assert "thin events" in notice
    (finding,) = examine_results([result, result])
    assert finding.is_problem
    assert (finding.about, "snapshot payloads" in finding.remedy) == ("acme: thin events", True)
    assert finding.said.startswith("2 newest results")


async def test_whole_events_are_no_notice() -> None:
    """Guard: other unknown types either."""
    async with opened() as world:
        results = await world.deliver(stripe_event("charge.succeeded", charge()), stripe_event("x.y", {}))
        assert world.status.notices() == ()
    assert examine_results(results) == []
