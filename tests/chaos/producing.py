"""Events onto the topics as many producers write them: one for each codec, and each event's place is remembered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from random import Random
from typing import Any

from confluent_kafka import Message, Producer

from bridge.demo.events import SampleEvent
from contracts.records import Place
from contracts.sizes import RECORD_BYTES_MAX
from tests.support.fleet import PARTITIONS, Fleet

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
PATIENCE_S = 600
"""A broker may be away for long; what was handed in is written once, when there is one."""


class Producers:
    """One producer for each codec; `produced` is what the brokers have taken, by its place."""

    def __init__(self, fleet: Fleet, chance: Random) -> None:
        self.produced: dict[Place, SampleEvent] = {}
        self.refused: list[str] = []
        self._fleet = fleet
        self._chance = chance
        options: dict[str, Any] = {
            "bootstrap.servers": fleet.kafka.bootstrap_servers,
            "enable.idempotence": True,
            "linger.ms": 50,
            "message.max.bytes": RECORD_BYTES_MAX,
            "delivery.timeout.ms": PATIENCE_S * 1000,
            "log_level": 0,
        }
        self._producers = [Producer({**options, "compression.codec": codec}) for codec in CODECS]

    async def trickle(self, events: Sequence[SampleEvent], *, over_s: float) -> None:
        """Produce the events bit by bit, spread over the time."""
        began, sent = time.monotonic(), 0
        while sent < len(events):
            due = min(len(events), 1 + int(len(events) * (time.monotonic() - began) / max(over_s, 0.001)))
            await self.produce(events[sent:due])
            sent = due
            await asyncio.sleep(0.3)

    async def produce(self, events: Sequence[SampleEvent]) -> None:
        """Each event to any topic and partition, its key kept or not, by any producer; returns when all are written."""
        for event in events:
            self._hand_in(event)
        for producer in self._producers:
            await asyncio.to_thread(producer.flush, PATIENCE_S)

    def _hand_in(self, event: SampleEvent) -> None:
        def written(error: object, message: Message) -> None:
            if error is not None:
                self.refused.append(f"an event was not written: {error}")
                return
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            assert topic is not None
            assert partition is not None
            assert offset is not None
            self.produced[Place(topic, partition, offset)] = event

        record = event.record
        self._chance.choice(self._producers).produce(
            self._chance.choice(self._fleet.events),
            record.value,
            self._chance.choice((None, record.key)),
            self._chance.randrange(PARTITIONS),
            on_delivery=written,
            headers=list(record.headers),
        )
