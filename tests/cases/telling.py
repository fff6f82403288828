"""A case told to the real machine over the sandbox: the company as the case has it, then its events."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bridge.quickbooks.wire import dumps
from bridge.sandbox.admin import set_switches
from bridge.sandbox.faults import FaultRule
from bridge.sandbox.settings import DEFAULT_REALM
from tests.cases.files import Case
from tests.support.world import World, opened

Batches = Sequence[Sequence[int]]
"""Numbers of events, those of one micro-batch together."""
SHUFFLES = 2


def as_told(case: Case) -> Batches:
    """The case's own way: one event at a time, or together as it says."""
    numbers = list(range(len(case.events)))
    found = []
    for size in case.body.get("together") or [1] * len(numbers):
        found.append(numbers[:size])
        numbers = numbers[size:]
    return found


def ways(case: Case) -> list[Batches]:
    """As told; where any order is right also backwards, shuffled, and as one micro-batch."""
    told = as_told(case)
    if not case.any_order or len(case.events) == 1:
        return [told]
    numbers = list(range(len(case.events)))
    shuffled = [random.Random(f"{case.ident} {seed}").sample(numbers, len(numbers)) for seed in range(SHUFFLES)]  # noqa: S311 - no secret
    one_by_one = [[[number] for number in order] for order in (numbers[::-1], *shuffled)]
    return [told, *one_by_one, [numbers], [shuffled[0]]]


@asynccontextmanager
async def company_of(case: Case) -> AsyncIterator[World]:
    """A company that behaves as the case says and holds what it says."""
    realm = case.realm
    switches: dict[str, Any] = {}
    if realm.get("tax_mode") == "ast":
        switches["automated_tax_percent"] = realm["ast_rate"]
    async with opened(case.rules(), currency=realm.get("home_currency", "USD"), **switches) as world:
        await _set_preferences(world, case)
        rates = {"daily_rates": realm.get("daily_rates", {}), "default_rates": realm.get("exchange_rates", {})}
        set_switches(world.sandbox.realms[DEFAULT_REALM], rates)
        await _set_up(world, case)
        await world.restart()
        for fault in case.body.get("faults", ()):
            _break(world, fault)
        yield world


def _break(world: World, fault: Mapping[str, Any]) -> None:
    """QuickBooks fails at every request of these operations that holds this text."""
    match = fault["match"]
    for operation in match["op"]:
        world.sandbox.faults.add(
            FaultRule(
                kind="fail_before",
                count=None,
                operation=operation,
                body=match["body"],
                status=fault["params"]["status"],
            )
        )


async def _set_preferences(world: World, case: Case) -> None:
    wanted: dict[str, dict[str, bool]] = {}
    if case.realm.get("multicurrency"):
        wanted["CurrencyPrefs"] = {"MultiCurrencyEnabled": True}
    if case.realm.get("custom_txn_numbers"):
        wanted["SalesFormsPrefs"] = {"CustomTxnNumbers": True}
    if any(step["entity"] == "Class" for step in case.body.get("setup", ())):
        wanted["AccountingInfoPrefs"] = {"ClassTrackingPerTxn": True}
    if case.realm.get("tax_mode") == "ast":
        wanted["TaxPrefs"] = {"PartnerTaxEnabled": True}
    if wanted:
        token = world.held("Preferences")[0]["SyncToken"]
        await world.by_hand("preferences", {"Id": "1", "SyncToken": token, "sparse": True, **wanted})


async def _set_up(world: World, case: Case) -> None:
    """What is in the books before; every real company has the item with Id 1."""
    if not case.body.get("setup"):
        return
    accounts = [row["Id"] for row in world.held("Account") if row["AccountSubType"] == "SalesOfProductIncome"]
    income = {"IncomeAccountRef": {"value": accounts[0]}}
    await world.by_hand("item", {"Name": "Services", "Type": "Service", **income})
    known: dict[str, str] = {}
    for step in case.body["setup"]:
        made = await world.by_hand(step["entity"], _resolved(step["body"], known))
        known[f"@{step.get('as')}"] = made["Id"]


def _resolved(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _resolved(each, known) for name, each in value.items()}
    if isinstance(value, list):
        return [_resolved(each, known) for each in value]
    return known.get(value, value) if isinstance(value, str) else value


async def tell(world: World, case: Case, batches: Batches) -> None:
    """The events in micro-batches, each waited for; then a quiet moment, and a restart where the case has one."""
    for batch in batches:
        await tell_events(world, [case.events[number] for number in batch])
    if case.body.get("restart"):
        await world.restart()
    await world.idle()


async def tell_events(world: World, events: Sequence[Mapping[str, Any]], *, kills: Sequence[int] = ()) -> None:
    """One micro-batch and a quiet moment; owners are killed after so many requests before it is waited for."""
    records = [
        world.record(
            dumps(event["value"]),
            topic=event["topic"],
            headers=tuple((name, value.encode()) for name, value in event["headers"].items()),
        )
        for event in events
    ]
    await world.deliver_records_twice(*records, kills=kills)
    await world.idle()
