"""A look at what people changed: the last in the queue, paged when it is not all, and never the end of anything."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from bridge.books.changes import ChangePoller, Changes, poll
from bridge.quickbooks.changes import OBJECTS_MAX, OVERLAP
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.limiter import Limits
from bridge.quickbooks.retry_policy import RetryPolicy
from tests.support.clocks import START, ManualClock, settle
from tests.support.quickbooks import Script, json_reply, ok, opened, refused, single

SINCE = START - timedelta(hours=1)
EVERY = timedelta(seconds=60)


def answer(*rows: dict[str, Any], time: str = "2026-11-22T12:00:00+00:00") -> httpx.Response:
    """Changed invoices, as of `time`."""
    return json_reply({"CDCResponse": [{"QueryResponse": [{"Invoice": list(rows)}]}], "time": time})


def full() -> httpx.Response:
    """An answer that cannot be all."""
    return answer(*({"Id": str(ident)} for ident in range(OBJECTS_MAX)))


def rows(entity: str, *found: dict[str, Any]) -> httpx.Response:
    return json_reply({"QueryResponse": {entity: list(found)}, "time": "2026-11-22T12:00:00+00:00"})


def asked(script: Script) -> list[str]:
    """What was asked for, in order."""
    return [request.url.path.rpartition("/")[2] for request in script.requests]


async def test_live_calls_go_before_a_look() -> None:
    """The budget is short, the look was first in the queue. Guard: `Priority.HOUSEKEEPING` in `poll`."""
    clock = ManualClock(auto=False)
    script = Script(ok("Invoice"), ok("Invoice"), answer())
    async with opened(script, clock=clock, limits=Limits(requests_per_second=1)) as client:
        await client.read("Invoice", "1")
        waiting = asyncio.create_task(poll(client, ["Invoice"], SINCE, clock.now()))
        await settle()
        live = asyncio.create_task(client.read("Invoice", "2"))
        await settle()
        await clock.advance(2)
        await clock.advance(2)
        await asyncio.gather(waiting, live)
    assert asked(script) == ["1", "2", "cdc"]


async def test_an_answer_that_is_not_all_is_paged_with_inactive_names() -> None:
    """By the time of the last change, at the same priority; what it said of deletions is kept."""
    script = Script(full(), rows("Invoice", {"Id": "7"}), rows("Customer", {"Id": "8", "Active": False}))
    async with opened(script) as client:
        changes = await poll(client, ["Invoice", "Customer"], SINCE, START)
    assert (changes.complete, changes.changed) == (
        False,
        {"Invoice": [{"Id": "7"}], "Customer": [{"Id": "8", "Active": False}]},
    )
    bounds = [params["query"].partition(" WHERE ")[2].partition(" ORDERBY ")[0] for params in script.params[1:]]
    since = "MetaData.LastUpdatedTime >= '2026-11-22T11:00:00+00:00'"
    assert bounds == [since, f"{since} AND Active IN (true, false)"]


async def test_nobody_asks_further_back_than_quickbooks_looks() -> None:
    """QBO refuses it (2190). Guard: `_within_reach`."""
    script = Script(answer())
    async with opened(script) as client:
        await poll(client, ["Invoice"], START - timedelta(days=90), START)
    asked_since = datetime.fromisoformat(script.params[0]["changedSince"])
    assert timedelta(days=29) < START - asked_since < timedelta(days=30)


async def taken(poller: ChangePoller) -> Changes | None:
    """What a look that has begun brings."""
    for _ in range(20):
        changes = poller.changes()
        if changes is not None:
            return changes
        await settle()
    return None


async def test_one_look_at_a_time_and_each_when_it_is_time() -> None:
    """Before `begin` and after `end` nothing is asked."""
    clock = ManualClock(auto=False)
    script = Script(answer())
    async with opened(script, clock=clock) as client:
        poller = ChangePoller(client, clock, ["Invoice"], every=EVERY)
        assert await taken(poller) is None
        poller.begin(SINCE)
        assert await taken(poller) is None
        await clock.advance(60)
        assert await taken(poller) is not None
        await clock.advance(59)
        assert await taken(poller) is None
        await clock.advance(60)
        poller.changes()
        poller.end()
        await clock.advance(600)
        assert await taken(poller) is None
    assert len(script.requests) <= 2


async def test_after_an_answer_that_was_not_all_the_next_look_takes_its_time() -> None:
    """A backlog of our own makes such answers: paging each minute would cost more than it brings."""
    clock = ManualClock(auto=False)
    script = Script(full(), rows("Invoice"), answer())
    async with opened(script, clock=clock) as client:
        poller = ChangePoller(client, clock, ["Invoice"], every=EVERY)
        poller.begin(SINCE)
        await clock.advance(60)
        assert await taken(poller) is not None
        await clock.advance(OVERLAP.total_seconds() - 1)
        assert await taken(poller) is None
        await clock.advance(1)
        assert await taken(poller) is not None


@pytest.mark.parametrize("broken", [refused("4001"), httpx.Response(503)], ids=["refused", "away"])
async def test_a_look_that_fails_is_tried_again_a_minute_later(broken: httpx.Response) -> None:
    """Nothing is raised and nothing is skipped. Guard: `Freshness._found`."""
    clock = ManualClock(auto=False)
    script = Script(broken, answer())
    policy = RetryPolicy(attempts_max=1)
    async with opened(script, clock=clock, policy=policy) as client:
        poller = ChangePoller(client, clock, ["Invoice"], every=EVERY)
        poller.begin(SINCE)
        await clock.advance(60)
        assert await taken(poller) is None
        await clock.advance(60)
        assert await taken(poller) is not None
    since = {params["changedSince"] for params in script.params}
    assert since == {"2026-11-22T11:00:00+00:00"}


async def test_what_we_wrote_meanwhile_makes_a_look_unsure() -> None:
    """Guard: `News.nothing_written_since`."""
    for writes in (0, 1):
        clock = ManualClock(auto=False)
        async with opened(Script(_either), clock=clock) as client:
            poller = ChangePoller(client, clock, ["Invoice"], every=EVERY)
            poller.begin(SINCE)
            await clock.advance(60)
            poller.changes()
            await write(client, writes)
            changes = await taken(poller)
            assert changes is not None
            assert changes.nothing_written_since is (writes == 0)


async def write(client: QuickBooksClient, times: int) -> None:
    for number in range(times):
        await client.send(single(str(number)))


def _either(request: httpx.Request) -> httpx.Response:
    return answer() if request.url.path.endswith("/cdc") else ok()
