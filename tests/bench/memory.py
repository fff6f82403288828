"""What an event leaves in memory once it is settled, less the index: what an owner holds beside the books.

The events of a drawn shop go through a company in this process. Everything that its owner reaches, and every cache of
its functions, is added up after half of them, when each cache is full, and after all; the slope between the two is what
an event leaves. What stands in for Kafka and for QuickBooks here is left out, and so is the index, which has a bench of
its own.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import sys
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from bridge.demo.events import EventSettings, generate
from contracts.records import InboundRecord
from tests.bench.report import Row
from tests.support.inbound import inbound
from tests.support.world import World, opened

EVENTS = 30_000
MICRO_BATCH = 500
BYTES_AT_MOST = 200.0
WHY = "caches that are bounded at some thousand entries are not full before as many events"
EVENTS_AN_ORDER = 3
"""Fewer than a drawn order has."""
OURS = ("bridge.", "contracts.", "mappings.")
NOT_OURS = ("bridge.sandbox", "bridge.demo")
PLAIN = frozenset({"builtins", "collections", "functools", "decimal", "_decimal", "datetime", "types", "enum"})


def measure(events: int = EVENTS) -> list[Row]:
    """Bytes that an event leaves behind."""
    first, last = asyncio.run(_held(events))
    grown = (last - first) / (events - events // 2)
    return [
        Row("memory", "memory that a settled event leaves, less the index", grown, "B", BYTES_AT_MOST, WHY),
        Row("memory", f"all that is held after {events} events, less the index", last / 2**20, "MiB", None),
    ]


async def _held(events: int) -> tuple[int, int]:
    drawn = generate(EventSettings(orders=max(events // EVENTS_AN_ORDER, 10))).events
    records = [inbound(event, offset) for offset, event in enumerate(drawn[:events])]
    if len(records) < events:
        raise ValueError(f"only {len(records)} events were drawn")
    async with opened() as world:
        await _work_through(world, records[: events // 2])
        first = _owned(world)
        await _work_through(world, records[events // 2 :])
        return first, _owned(world)


async def _work_through(world: World, records: list[InboundRecord]) -> None:
    done = 0
    while done < len(records):
        done += await world.take(records[done : done + MICRO_BATCH])


def _owned(world: World) -> int:
    """Bytes of everything that the owner and the caches reach and the index does not."""
    gc.collect()
    books = world.company._books
    seen: set[int] = set()
    _sum(_walked([books.index], seen))
    caches = [each for each in gc.get_objects() if isinstance(each, functools._lru_cache_wrapper) and _is_ours(each)]
    return _sum(_walked([world.company, *caches], seen))


def _sum(found: Iterable[object]) -> int:
    return sum(sys.getsizeof(each) for each in found)


def _walked(roots: Iterable[object], seen: set[int]) -> Iterator[object]:
    """All that is reached from the roots and was not seen before, each once."""
    left = list(roots)
    while left:
        each = left.pop()
        if id(each) in seen or not _counts(each):
            continue
        seen.add(id(each))
        yield each
        left += each.__closure__ or () if isinstance(each, FunctionType) else gc.get_referents(each)


def _counts(each: Any) -> bool:
    """Whether it is of the bridge, or a value without a home."""
    if isinstance(each, type | ModuleType | BuiltinFunctionType):
        return False
    if isinstance(each, FunctionType | MethodType | functools._lru_cache_wrapper):
        return True
    return type(each).__module__ in PLAIN or _is_ours(type(each))


def _is_ours(each: Any) -> bool:
    home = str(each.__module__)
    return home.startswith(OURS) and not home.startswith(NOT_OURS)
