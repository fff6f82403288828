"""Hostile records without Kafka: each has one result, whatever stands in it, and nothing raises."""

from __future__ import annotations

from collections import Counter

import pytest

from contracts.errors import BatchTooLarge
from contracts.records import InboundRecord
from contracts.results import ResultStatus
from tests.support.orders import bought
from tests.support.poison import poison
from tests.support.world import World, opened

COUNT, TOGETHER = 1_200, 150


@pytest.mark.parametrize("seed", [1, 2])
async def test_hostile_records_have_one_result_each(seed: int) -> None:
    """And a dead letter with their bytes where they are dead-lettered; a sound order in each micro-batch is posted.

    Guard: the decoder and the mapping raise nothing but `RecordError`.
    """
    hostile = [hostile_record(number, *each) for number, each in enumerate(poison(seed, COUNT))]
    async with opened() as acme:
        acme.offset = COUNT
        for first in range(0, COUNT, TOGETHER):
            sound = acme.records(bought(first))
            await process_all(acme, (*hostile[first : first + TOGETHER], *sound))
        told = Counter(result.source.offset for result in acme.told)
        terminal = {each.source.offset: each for each in acme.told if each.status is not ResultStatus.WAITING}
        assert set(told) == set(range(acme.offset)), f"seed {seed}"
        assert sum(told.values()) - len(terminal) == waits_told(acme), f"seed {seed}"
        assert {terminal[offset].status.value for offset in range(COUNT, acme.offset)} == {"posted"}, f"seed {seed}"
        dead = {offset for offset, each in terminal.items() if each.status is ResultStatus.DEAD_LETTERED}
        letters = {int(dict(letter.headers)["qbb-offset"] or b""): letter.value for letter in acme.dead_letters}
        assert letters == {offset: hostile[offset].value for offset in dead}, f"seed {seed}"
        assert len(acme.dead_letters) == len(dead), f"seed {seed}"


def waits_told(acme: World) -> int:
    """Interim results; more than one for a record would be a failure."""
    waiting = Counter(each.source.offset for each in acme.told if each.status is ResultStatus.WAITING)
    assert set(waiting.values()) <= {1}
    return len(waiting)


def hostile_record(
    number: int, key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes | None], ...]
) -> InboundRecord:
    return InboundRecord(
        topic="shopify.events",
        partition=0,
        offset=number,
        key=key,
        value=value,
        headers=headers,
        timestamp_ms=1_760_000_000_000,
    )


async def process_all(acme: World, records: tuple[InboundRecord, ...]) -> None:
    """As the session does it: what is too much at once comes again."""
    while records:
        try:
            await acme.process(records)
            records = ()
        except BatchTooLarge as asked:
            await acme.process(records[: asked.records])
            records = records[asked.records :]
