"""An operator's desk for tests of the commands: a broker with topics of its own, and the commands as they are typed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.cli.app import main
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import publish, read_topic
from contracts.dead_letters import dead_letter_record
from contracts.records import Headers, InboundRecord, OutboundRecord

CONFIG = """
[kafka]
bootstrap_servers = "{broker}"
transactions = false
[topics]
events = ["events-{name}"]
results = "results-{name}"
dead_letters = "letters-{name}"
journal = "journal-{name}"
[[companies]]
name = "acme-us"
realm_id = "91"
environment = "sandbox"
client_id = "app"
shop_domains = ["acme.myshopify.com"]
[[companies]]
name = "beta"
realm_id = "92"
environment = "sandbox"
client_id = "app"
"""


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


@pytest.fixture
def desk(
    embedded: KafkaConnection,
    unique: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    (tmp_path / "bridge.toml").write_text(CONFIG.format(broker=embedded.bootstrap_servers, name=unique))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["qbo-bridge", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    desk = Desk(embedded, unique, call)
    record = OutboundRecord(topic=desk.events, key=b"x", value=b"event 999", partition=0)
    there = [OutboundRecord(topic=f"{name}-{unique}", key=b"x", value=b"x") for name in ("journal", "results")]
    asyncio.run(publish(embedded, [record, *there]))
    return desk
