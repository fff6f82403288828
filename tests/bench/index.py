"""What the index of a company costs: bytes and CPU of a document, and how long others wait while it is filled.

The books of a drawn shop, every document with its real marker, are repeated under other Ids and keys. What is measured
is the slope between two sizes, so that what an empty index costs is not in it. The floor is `orjson.loads` of the same
pages.
"""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import count, cycle, islice

import orjson

from bridge.books.books import PAGES_AT_ONCE
from bridge.demo.events import EventSettings, generate
from bridge.index.index import Index
from bridge.kafka.heap import spare_what_was_read, visit_everything_again
from bridge.quickbooks import wire
from bridge.quickbooks.paging import OrderedList
from bridge.quickbooks.rows import load_page
from contracts.entities import Entity
from contracts.keys import SourceKey
from contracts.marker import TRANSACTIONS, Marker, MarkerField
from tests.bench.report import Row
from tests.support.clocks import START
from tests.support.inbound import inbound
from tests.support.seals import SEAL
from tests.support.world import opened

ORDERS = 60
DOCUMENTS = 100_000
PAGE = 1000
_NUMBERS = count()
Work = Callable[[str, bytes], None]
WHY_BYTES = (
    "a document lies in two tables of Python, by its key and by its Id, whose keys and slots alone are some 230 B"
)
WHY_TURN = "a thread holds the interpreter for up to 5 ms at a time, and what else runs on the two cores adds to it"
WHY_CPU = "the proof of a marker, a `Posted` and its packing are Python, some hundred calls a document"
BYTES_AT_MOST, CPU_US_AT_MOST, TURN_MS_AT_MOST = 300.0, 25.0, 50.0


def measure(documents: int = DOCUMENTS) -> list[Row]:
    """Bytes and CPU of a document, from a fifth of them to all; the longest page."""
    templates = asyncio.run(_posted())
    first, later = (list(_pages(templates, size)) for size in (documents // 5, documents - documents // 5))
    pages = [*first, *later]
    held, recorded = (_held_bytes(first, later, is_recorded=each) / _documents(later) for each in (False, True))
    spent_s, floor_s = _spent_s(pages, _take_in(Index(SEAL, complete_since=START))), _spent_s(pages, _bare)
    beyond = (sum(spent_s) - sum(floor_s)) / _documents(pages) * 1e6
    spare_what_was_read()  # as the service does before each take-over
    began = time.perf_counter()
    turn_s = asyncio.run(_longest_turn_s(partial(_spent_s, later, _take_in(Index(SEAL, complete_since=START)))))
    alone_s = asyncio.run(_longest_turn_s(partial(time.sleep, time.perf_counter() - began)))
    visit_everything_again()
    reads = asyncio.run(_reads(_by_type(pages)))
    return [
        Row("index", "memory of a document", held, "B", BYTES_AT_MOST, WHY_BYTES),
        Row("index", "memory of a document, its recorded Id included", recorded, "B", None),
        Row("index", "CPU of a document beyond the floor", beyond, "µs", CPU_US_AT_MOST, WHY_CPU),
        Row("index", "CPU of a document, the floor", sum(floor_s) / _documents(pages) * 1e6, "µs", None),
        Row("index", "CPU of a page, at most", max(spent_s) * 1e3, "ms", None),
        Row("index", "the loop's longest turn beside it", turn_s * 1e3, "ms", TURN_MS_AT_MOST, WHY_TURN),
        Row("index", "the loop's longest turn beside nothing, for as long", alone_s * 1e3, "ms", None),
        Row("index", f"reads of a take-over of {_documents(pages)} documents", reads, "", _documents(pages) / 990 + 20),
    ]


def _documents(pages: Iterable[tuple[str, bytes]]) -> int:
    return sum(len(orjson.loads(raw)["QueryResponse"][entity]) for entity, raw in pages)


def _by_type(pages: Iterable[tuple[str, bytes]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for page in pages:
        found[page[0]] += _documents([page])
    return found


async def _reads(documents: Counter[str]) -> int:
    """What a take-over asks of QBO: the lists and one page of each type, and all further pages of these."""
    read = 0

    async def page(length: int, start: int) -> list[Entity]:
        nonlocal read
        read += 1
        return [{"Id": str(number)} for number in range(start, min(start + PAGE, length + 1))]

    async def counted(length: int) -> int:
        nonlocal read
        read += 1
        return length

    for entity, length in documents.items():
        rows = OrderedList(entity, partial(page, length), partial(counted, length))
        async for _ in rows.pages(PAGES_AT_ONCE):
            pass
    async with opened() as world:
        return world.client.counts.reads - len(documents) + read


async def _posted() -> list[tuple[str, Entity]]:
    """The transactions of a shop as QBO shows them."""
    events = generate(EventSettings(orders=ORDERS)).events
    async with opened() as world:
        await world.process(tuple(inbound(event, offset) for offset, event in enumerate(events[:50])))
        world.company.committed()
        await world.process(tuple(inbound(event, offset) for offset, event in enumerate(events)))
        return [(entity, row) for entity in TRANSACTIONS for row in world.held(entity)]


def _pages(templates: Sequence[tuple[str, Entity]], documents: int) -> Iterator[tuple[str, bytes]]:
    """Pages of one type each, as they come from QBO."""
    for entity in TRANSACTIONS:
        own = [row for each, row in templates if each == entity]
        copies = (_copy(entity, row, f"{next(_NUMBERS):09}") for row in cycle(own))
        left = round(documents * len(own) / len(templates))
        while left > 0:
            rows = list(islice(copies, min(left, PAGE)))
            left -= len(rows)
            yield entity, wire.dumps({"QueryResponse": {entity: rows}})


def _copy(entity: str, row: Entity, number: str) -> Entity:
    """The row under another Id, its marker of another document and another sale."""
    renamed = {**row, "Id": str(int(number) + 1)}
    marker = SEAL.find(entity, str(row.get("PrivateNote")))
    if marker is None:
        return renamed
    fields = dict(marker.fields)
    if MarkerField.SALE in fields:
        fields[MarkerField.SALE] = _numbered(fields[MarkerField.SALE], number)
    key = SourceKey(marker.key.system, marker.key.kind, _numbered(marker.key.id, number))
    return {**renamed, "PrivateNote": SEAL.write(entity, None, Marker(key, fields))}


def _numbered(ident: str, number: str) -> str:
    """Another id of the same length."""
    return ident[: -len(number)] + number


def _take_in(index: Index) -> Work:
    """From the bytes of a page to its documents in the index."""

    def taken_in(entity: str, raw: bytes) -> None:
        index.load(entity, (load_page(raw) or {})["QueryResponse"][entity])

    return taken_in


def _bare(_: str, raw: bytes) -> None:
    orjson.loads(raw)


def _spent_s(pages: Sequence[tuple[str, bytes]], work: Work) -> list[float]:
    """CPU seconds of each page."""
    found = []
    for page in pages:
        began = time.process_time()
        work(*page)
        found.append(time.process_time() - began)
    return found


async def _longest_turn_s(work: Callable[[], object]) -> float:
    """How long anybody else waits for the event loop while a thread is at work, as it takes in the pages of a start."""
    working = asyncio.create_task(asyncio.to_thread(work))
    longest = 0.0
    while not working.done():
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - began)
    await working
    return longest


def _held_bytes(first: Sequence[tuple[str, bytes]], later: Sequence[tuple[str, bytes]], *, is_recorded: bool) -> int:
    """What the index of all pages holds beyond that of the first ones; with the Id of each document on record."""
    index = Index(SEAL, complete_since=START)
    tracemalloc.start()
    try:
        before = _traced_after(first, index, is_recorded=is_recorded)
        return _traced_after(later, index, is_recorded=is_recorded) - before
    finally:
        tracemalloc.stop()


def _traced_after(pages: Sequence[tuple[str, bytes]], index: Index, *, is_recorded: bool) -> int:
    _spent_s(pages, _take_in(index))
    if is_recorded:
        index.record_believed()
        index.identities.take_changed()
    index._unrecorded.clear()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
