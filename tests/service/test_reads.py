"""The reads of whoever asks QuickBooks are in the company's journal when it ends: of commands and of services."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bridge.commands.reading import company_journal
from bridge.config.settings import Settings, load_settings
from bridge.journal.reads import reads_of_month
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import publish
from bridge.quickbooks.client import CallCounts
from bridge.service.reads import counting_reads
from contracts.records import OutboundRecord

CONFIG = """
[kafka]
bootstrap_servers = "{broker}"
transactions = false
[topics]
journal = "journal-{name}"
[[companies]]
name = "acme-us"
realm_id = "91"
environment = "sandbox"
client_id = "app"
"""


@dataclass
class Reader:
    """Stands for a client of QuickBooks: only what it has counted is asked for."""

    counts: CallCounts = field(default_factory=CallCounts)


@pytest.fixture
def settings(embedded: KafkaConnection, unique: str, tmp_path: Path) -> Settings:
    """One company at the embedded broker."""
    path = tmp_path / "bridge.toml"
    path.write_text(CONFIG.format(broker=embedded.bootstrap_servers, name=unique))
    return load_settings(path, {})


async def _read(settings: Settings, kafka: KafkaConnection, reads: int) -> None:
    client = Reader()
    async with counting_reads(settings, kafka, "acme-us", cast("Any", client)):
        client.counts = CallCounts(reads=reads)


async def test_what_two_processes_read_adds_up(settings: Settings, embedded: KafkaConnection) -> None:
    """And of a process that reads nothing there is no entry."""
    await publish(embedded, [OutboundRecord(topic=settings.topics.journal, key=b"x", value=b"x")])
    for reads in (30, 0, 12):
        await _read(settings, embedded, reads)
    entries = await company_journal(settings, "acme-us").read()
    assert (len(entries), reads_of_month(entries, datetime.now(UTC))) == (2, 42)


async def test_without_a_journal_the_work_is_done_all_the_same(settings: Settings, embedded: KafkaConnection) -> None:
    """A topic is not made for the count alone, and that it is short is said."""
    with capture_logs() as said:
        await _read(settings, embedded, 30)
    assert [each["event"] for each in said] == ["reads.not_counted"]
