"""Hostile records without Kafka: each has one result that fits, whatever stands in it, and nothing raises.

`make test` goes through some thousands of them, `make fuzz` through more than 100,000, in pieces of `COUNT`.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from itertools import chain

import pytest

from bridge.journal.identities import BYTES_MAX
from contracts.errors import BatchTooLarge, Stopped
from contracts.records import Headers, InboundRecord, OutboundRecord
from contracts.results import Result, ResultStatus
from contracts.sizes import JOURNAL_ENTRY_BYTES_MAX, LETTER_BYTES_MIN, RESULT_BYTES_MAX, record_bytes
from tests.support.clocks import settle
from tests.support.orders import bought
from tests.support.poison import poison
from tests.support.sizes import examples
from tests.support.world import World, opened

COUNT, TOGETHER = 1_000, 125
SEEDS = range(1, 1 + examples(6))
WAITED_LONG_S = 73 * 3600.0
INTERNAL = "internal"
"""The reason of a dead letter that is a bug of ours."""


@pytest.mark.parametrize("seed", SEEDS)
async def test_hostile_records_have_one_result_each(seed: int) -> None:
    """And a dead letter with their bytes where they are dead-lettered; a sound order in each micro-batch is posted.

    Half-way another process takes over. Guard: the decoder, the mapping and the planner raise only `RecordError`.
    """
    hostile = [hostile_record(number, *each) for number, each in enumerate(poison(seed, COUNT))]
    half = COUNT // 2
    async with opened() as first:
        first.offset = COUNT
        await work_through(first, hostile[:half], seed)
    async with opened(after=first) as acme:
        acme.told, acme.dead_letters = first.told, first.dead_letters
        await work_through(acme, hostile[half:], seed)
        await end_what_waits(acme)
        assert_one_result_each(acme, seed)
        assert_sound_ones_are_posted(acme, seed)
        assert_letters(acme, hostile, seed)
        assert_all_fits(first, acme, seed)


async def work_through(acme: World, hostile: Sequence[InboundRecord], seed: int) -> None:
    """Micro-batch by micro-batch, a sound order at the end of each."""
    for first in range(0, len(hostile), TOGETHER):
        sound = acme.records(bought(acme.offset - COUNT))
        await process_all(acme, (*hostile[first : first + TOGETHER], *sound), seed)


async def process_all(acme: World, records: tuple[InboundRecord, ...], seed: int) -> None:
    """As the session does it: what is too much at once comes again."""
    while records:
        taken = records
        try:
            await acme.process(taken)
        except BatchTooLarge as asked:
            taken = records[: asked.records]
            await acme.process(taken)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {await culprit(acme, taken)}") from error
        records = records[len(taken) :]


async def culprit(acme: World, records: Sequence[InboundRecord]) -> str:
    """The first record that raises alone."""
    for record in records:
        try:
            await acme.process((record,))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            return f"offset {record.offset}: {error!r}: {(record.value or b'')[:2_000]!r} {record.headers!r:.500}"
    return "none of them raises alone"


async def end_what_waits(acme: World) -> None:
    """Time passes until nothing may wait any longer."""
    await acme.clock.advance(WAITED_LONG_S)
    for _ in range(2 * COUNT):
        with contextlib.suppress(Stopped):
            await acme.idle()
        acme.company.go_on()  # because so many orphans in a row stop it, and a person looks at them and resumes it
        if not acme.shown["waiting_documents"]:
            return
        await settle()
    raise AssertionError(f"{acme.shown['waiting_documents']} still wait")


def assert_one_result_each(acme: World, seed: int) -> None:
    """One that ends it, before it at most one that says that it waits, and none that says that we have a bug."""
    terminal = Counter(each.source.offset for each in ended(acme))
    waiting = Counter(each.source.offset for each in acme.told if each.status is ResultStatus.WAITING)
    assert terminal == Counter(range(acme.offset)), f"seed {seed}"
    assert set(waiting.values()) <= {1}, f"seed {seed}"
    bugs = [(each.source.offset, each.reason.message) for each in ended(acme) if each.reason and is_bug(each)]
    assert bugs == [], f"seed {seed}"


def is_bug(result: Result) -> bool:
    return result.reason is not None and result.reason.code == INTERNAL


def ended(acme: World) -> list[Result]:
    return [each for each in acme.told if each.status is not ResultStatus.WAITING]


def assert_sound_ones_are_posted(acme: World, seed: int) -> None:
    found = Counter(each.status.value for each in ended(acme) if each.source.offset >= COUNT)
    assert found == {"posted": COUNT // TOGETHER}, f"seed {seed}"


def assert_letters(acme: World, hostile: Sequence[InboundRecord], seed: int) -> None:
    """One for each record that is dead-lettered, with its bytes."""
    dead = {each.source.offset for each in ended(acme) if each.status is ResultStatus.DEAD_LETTERED}
    letters = {offset_of(letter): letter.value for letter in acme.dead_letters}
    assert letters == {offset: hostile[offset].value for offset in dead}, f"seed {seed}"
    assert len(acme.dead_letters) == len(dead), f"seed {seed}"


def assert_all_fits(first: World, acme: World, seed: int) -> None:
    """Results, dead letters and what is kept have the sizes that their topics take."""
    assert max(first.largest_result, acme.largest_result) <= RESULT_BYTES_MAX, f"seed {seed}"
    around = (record_bytes(each) - len(each.value or b"") - len(each.key or b"") for each in acme.dead_letters)
    assert max(around, default=0) <= LETTER_BYTES_MIN, f"seed {seed}"
    ids = chain(first.journal.ids.entries.items(), acme.journal.ids.entries.items())
    assert max(len(f"acme:{key}".encode()) + len(value) for key, value in ids) <= BYTES_MAX, f"seed {seed}"
    assert max(map(len, acme.journal.entries.values()), default=0) <= JOURNAL_ENTRY_BYTES_MAX, f"seed {seed}"


def offset_of(letter: OutboundRecord) -> int:
    return int(dict(letter.headers)["qbb-offset"] or b"")


def hostile_record(number: int, key: bytes | None, value: bytes | None, headers: Headers) -> InboundRecord:
    return InboundRecord(
        topic="shopify.events",
        partition=0,
        offset=number,
        key=key,
        value=value,
        headers=headers,
        timestamp_ms=1_760_000_000_000,
    )
