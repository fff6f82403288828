"""What tests of the commands are given: a desk at a broker of its own, and the commands as they are typed."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bridge.cli.app import main
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import publish
from contracts.records import OutboundRecord
from tests.support.desk import Desk

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


@pytest.fixture
def desk(
    embedded: KafkaConnection,
    unique: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
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
    yield desk
    # because a command that speaks to QuickBooks silences the logs of its process, which is ours here
    logging.disable(logging.NOTSET)
    structlog.reset_defaults()
