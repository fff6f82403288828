"""The report of a backfill says what money waits for a person, by reason."""

from __future__ import annotations

import json
from decimal import Decimal

from bridge.commands.backfill.risk import Risk
from bridge.decoding.decision import EventMapper
from bridge.decoding.routing import Route, Router
from contracts.results import Result
from mappings.rules import MappingRules
from tests.support.assembly import COMPANY
from tests.support.entered import keyed
from tests.support.orders import Json, ordered, transaction
from tests.support.world import World, opened

SHOPS = frozenset({"acme.myshopify.com", "default"})


def risk() -> Risk:
    return Risk(EventMapper(COMPANY, Router([Route(COMPANY, SHOPS, frozenset())]), MappingRules()))


async def told(world: World, at_risk: Risk, *bodies: Json) -> list[Result]:
    """One micro-batch, and what the report takes in of it."""
    records = tuple(world.record(body) for body in bodies)
    results = await world.process(records)
    at_risk.add(records, results)
    return results


async def test_an_order_in_doubt_is_one_amount_with_its_money() -> None:
    """Its transaction is a dead letter as well, and the same money. Guard: the lane in `by_reason`."""
    async with opened() as world:
        await keyed(world, "Invoice", DocNumber="3000", amount="50.00")
        await world.restart()
        at_risk = risk()
        paid = transaction(order_id=ordered(0)["id"], amount="42.90")
        await told(world, at_risk, ordered(0), ordered(1))
        await told(world, at_risk, paid)
        (found,) = at_risk.by_reason().values()
        assert list(at_risk.by_reason()) == ["possible_duplicate"]
        assert (found.documents, dict(found.sums), found.unknown) == (1, {"USD": Decimal("42.90")}, 0)


async def test_what_waited_and_is_booked_is_no_risk() -> None:
    """A payment before its order. Guard: `_open` is by result."""
    async with opened() as world:
        at_risk = risk()
        await told(world, at_risk, transaction(order_id=ordered(0)["id"], amount="42.90"))
        (waiting,) = at_risk.by_reason().values()
        assert dict(waiting.sums) == {"USD": Decimal("42.90")}
        await told(world, at_risk, ordered(0))
        assert at_risk.by_reason() == {}


async def test_what_an_event_does_not_tell_is_no_number() -> None:
    """A body that cannot be read is a document of unknown money; one that does not add up tells its own total."""
    async with opened() as world:
        at_risk = risk()
        wrong = ordered(0) | {"total_price": "99.00"}
        await told(world, at_risk, wrong, json.loads('{"hello": "world"}'))
        found = at_risk.by_reason()
        assert dict(found["unbalanced"].sums) == {"USD": Decimal("99.00")}
        assert (found["undecodable"].documents, found["undecodable"].unknown) == (1, 1)
