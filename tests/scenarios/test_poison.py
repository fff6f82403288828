"""Whatever bytes arrive, the partition moves: thousands of hostile records through a real process and a real Kafka."""

from __future__ import annotations

import asyncio
import json
import struct
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import publish
from contracts.dead_letters import OWN_HEADERS
from contracts.records import InboundRecord, OutboundRecord, Place
from contracts.results import Result
from contracts.sizes import HEADER_BYTES_MAX, shown_text
from tests.support.orders import ORDER_ID, order, taxed
from tests.support.poison import poison
from tests.support.processes import sandbox_server
from tests.support.seals import SEAL
from tests.support.stage import Stage, counted

SEED = 20261122
HOSTILE, SOUND, PARTITIONS = 4_000, 100, 6


@pytest.mark.kafka
@pytest.mark.slow
async def test_hostile_records_end_as_they_came_and_sound_ones_among_them_are_booked(
    real: KafkaConnection, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One result each, a dead letter with equal bytes where nothing could be booked, and the books hold the sound ones.

    Guards: our own parser in `intake.parse`, `read_leniently_after`, the decoder's refusals, `original headers` of a
    dead letter. The row that would stop the company is switched off: here most is refused, by many reasons.
    """
    monkeypatch.setenv(f"QBO_BRIDGE_COMPANIES__ACME_{unique.upper()}__STOP_AFTER_DEAD_LETTERS", "0")
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique)
        await stage.create_topics()
        await publish(real, mixed(stage, SEED))
        for name in (b"\xff\xfe", b"\x80" * 9):
            await put_with_raw_header_name(real, stage.events[0], name)
        produced = {record.place: record for topic in stage.events for record in await stage.read(topic)}
        assert len(produced) == HOSTILE + SOUND + 2
        async with stage.bridge():
            results = await results_of_all(stage, len(produced))
            letters = await stage.dead_letters()
        seed = f"seed {SEED}"
        assert_one_result_each(results, set(produced), seed)
        assert_equal_letters(results, letters, produced, seed)
        assert_sound_ones_are_booked(stage, results, produced, seed)


def mixed(stage: Stage, seed: int) -> Iterator[OutboundRecord]:
    """Hostile records over all partitions of both topics, and a sound order after every fortieth."""
    for number, (key, value, headers) in enumerate(poison(seed, HOSTILE)):
        topic = stage.events[number % 7 == 0]
        yield OutboundRecord(topic=topic, key=key, value=value, headers=headers, partition=number % PARTITIONS)
        if number % (HOSTILE // SOUND) == 0:
            body = json.dumps(sound(number)).encode()
            yield OutboundRecord(topic=stage.events[0], key=None, value=body, partition=number // 40 % PARTITIONS)


def sound(number: int) -> dict[str, object]:
    """A paid order of 42.90."""
    named = {"id": ORDER_ID + number, "admin_graphql_api_id": None, "name": f"#{5000 + number}"}
    return order([taxed("20.00", 2, "2.90")], **named)


async def results_of_all(stage: Stage, produced: int) -> list[Result]:
    """All results once every record has one: for who waits that is the interim one."""
    async with asyncio.timeout(240):
        while True:
            results = await stage.results()
            if len({result.result_id for result in results}) >= produced:
                return results
            await asyncio.sleep(1)


def assert_one_result_each(results: list[Result], produced: set[Place], seed: str) -> None:
    """Terminal ones once; who waits has said so once and nothing else."""
    told = Counter(result.source.place for result in results)
    terminal = Counter(result.source.place for result in results if result.status != "waiting")
    assert set(told) == produced, seed
    assert set(terminal.values()) == {1}, seed
    assert all(count == 1 for place, count in told.items() if place not in terminal), seed
    assert counted(results)["dead_lettered"] > HOSTILE // 3, seed


def assert_equal_letters(
    results: list[Result], letters: list[InboundRecord], produced: dict[Place, InboundRecord], seed: str
) -> None:
    """Value, key and headers are the original's, byte for byte; a header beyond 64 KiB is left out and named."""
    expected = {result.source.place for result in results if result.status == "dead_lettered"}
    found = Counter(map(origin_of, letters))
    assert set(found) == expected, seed
    assert set(found.values()) == {1}, seed
    for letter in letters:
        original = produced[origin_of(letter)]
        assert (letter.key, letter.value) == (original.key, original.value), (seed, origin_of(letter))
        headers = [(name, value) for name, value in original.headers if name not in OWN_HEADERS]
        kept = [(name, value) for name, value in headers if len(value or b"") < HEADER_BYTES_MAX]
        assert [(name, value) for name, value in letter.headers if name not in OWN_HEADERS] == kept, seed
        omitted = [shown_text(name) for name, value in headers if len(value or b"") >= HEADER_BYTES_MAX]
        assert dict(letter.headers).get("qbb-headers-omitted", b"") == ",".join(omitted).encode(), seed


def origin_of(letter: InboundRecord) -> Place:
    said = {name: (value or b"").decode() for name, value in letter.headers if name in OWN_HEADERS}
    return Place(said["qbb-topic"], int(said["qbb-partition"]), int(said["qbb-offset"]))


def assert_sound_ones_are_booked(
    stage: Stage, results: list[Result], produced: dict[Place, InboundRecord], seed: str
) -> None:
    """Posted, each with one invoice of its total."""
    wanted = {f"shopify:order:{ORDER_ID + number}" for number in range(0, HOSTILE, HOSTILE // SOUND)}
    values = {json.dumps(sound(number)).encode() for number in range(0, HOSTILE, HOSTILE // SOUND)}
    posted = [result for result in results if produced[result.source.place].value in values]
    assert counted(posted) == {"posted": SOUND}, seed
    invoices = Counter(
        (str(marker.key), Decimal(body["TotalAmt"]))
        for body in stage.query("Invoice")
        if (marker := SEAL.find("Invoice", body.get("PrivateNote"))) is not None
    )
    assert {key: invoices[key, Decimal("42.90")] for key in wanted} == dict.fromkeys(wanted, 1), seed


async def put_with_raw_header_name(connection: KafkaConnection, topic: str, name: bytes) -> None:
    """The producer takes text only, so the bytes are exchanged in the finished batch, under a new checksum."""
    placeholder = "Z" * len(name)
    async with AIOKafkaProducer(**connection.client_options()) as producer:
        batch = producer.create_batch()
        batch.append(key=b"key", value=b"{poison", timestamp=None, headers=[(placeholder, b"1"), ("good", b"\xff")])
        build = batch._build

        def poisoned() -> bytes:
            raw = bytearray(build()).replace(placeholder.encode(), name)
            struct.pack_into(">I", raw, 17, calc_crc32c(raw[21:]))
            return bytes(raw)

        batch._build = poisoned
        await (await producer.send_batch(batch, topic, partition=0))
