"""An operator's desk for tests of the commands: a broker with topics of its own, and the commands as they are typed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import publish, read_topic
from contracts.dead_letters import dead_letter_record
from contracts.records import Headers, InboundRecord, OutboundRecord


def consumed(record: OutboundRecord, offset: int = 0) -> InboundRecord:
    """A record that was published, as a consumer gets it."""
    return InboundRecord(
        topic=record.topic,
        partition=record.partition or 0,
        offset=offset,
        key=record.key,
        value=record.value,
        headers=record.headers,
        timestamp_ms=0,
    )


@dataclass
class Desk:
    """An operator's desk: a broker with dead letters, and the commands."""

    connection: KafkaConnection
    name: str
    call: Callable[..., tuple[int, str, str]]

    @property
    def events(self) -> str:
        return f"events-{self.name}"

    @property
    def letters(self) -> str:
        return f"letters-{self.name}"

    def put(self, *letters: OutboundRecord) -> None:
        asyncio.run(publish(self.connection, letters))

    def letter(
        self,
        offset: int,
        *,
        code: str = "unmappable",
        company: str = "acme-us",
        failed_at: str = "2026-11-22T12:00:00+00:00",
        topic: str | None = None,
        ended_with: str = "",
        headers: Headers = (("X-Shopify-Topic", b"orders/paid"),),
    ) -> OutboundRecord:
        record = InboundRecord(
            topic=topic or self.events,
            partition=offset % 3,
            offset=offset,
            key=b"key",
            value=f"event {offset} \xff".encode("latin-1"),
            headers=headers,
            timestamp_ms=0,
        )
        facts = {"reason-code": code, "reason": "no", "company": company, "topic": record.topic, "attempts": "1"}
        facts |= {"partition": str(record.partition), "offset": str(offset), "failed-at": failed_at}
        facts |= {"ended-with": ended_with}
        letter = dead_letter_record(record, self.letters, facts)
        return OutboundRecord(
            topic=letter.topic, key=letter.key, value=letter.value, headers=letter.headers, partition=0
        )

    def redrive(self, *arguments: str) -> tuple[int, str, str]:
        return self.call("dead-letters", "redrive", "--rate", "0", *arguments)

    def again(self) -> list[InboundRecord]:
        """What was redriven so far."""
        return asyncio.run(self._read(self.events))

    def offsets(self) -> list[int]:
        """The original offsets of what was redriven, told by the values."""
        return sorted(int((record.value or b"").split()[1]) for record in self.again())

    async def _read(self, topic: str) -> list[InboundRecord]:
        return [record async for record in read_topic(self.connection, topic)]
