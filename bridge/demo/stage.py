"""What the demo plays on: a broker and a sandbox that are up, and a folder with the bridge's configuration."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.demo.broker import embedded_broker
from bridge.demo.processes import DemoFailed, Process, running
from bridge.kafka.connection import KafkaConnection
from bridge.sandbox.settings import DEFAULT_REALM, SandboxSettings
from contracts.marker_seal import MarkerSeal, marker_key

START_TIMEOUT_S = 30.0
DEFAULTS = SandboxSettings()

CONFIG = """\
# Written by `qbo-bridge demo`.
[kafka]
bootstrap_servers = "{broker}"
transactions = false # the embedded broker has none
session_timeout_ms = 6000

[http]
port = 0

[tokens]
path = "tokens.enc"
key_file = "tokens.key"

[[companies]]
name = "acme-us"
realm_id = "{realm}"
environment = "sandbox"
api_base_url = "{sandbox}"
token_url = "{sandbox}/oauth2/v1/tokens/bearer"
client_id = "{client_id}"
client_secret_file = "client.secret"
refresh_token_file = "refresh.token"
shop_domains = ["acme.myshopify.com"]
stripe_accounts = ["default"]
{rules}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is running: where the broker and the sandbox are, and the folder with everything that was written."""

    broker: str
    sandbox: str
    folder: Path

    @property
    def connection(self) -> KafkaConnection:
        """How to reach the broker."""
        return KafkaConnection(bootstrap_servers=self.broker, transactions=False)

    @property
    def config(self) -> Path:
        """The bridge's configuration file."""
        return self.folder / "bridge.toml"

    @property
    def seal(self) -> MarkerSeal:
        """Tells which documents of the sandbox are the bridge's."""
        return MarkerSeal(DEFAULT_REALM, (marker_key(base64.urlsafe_b64decode(self.key.read_bytes())),))

    @property
    def key(self) -> Path:
        """Where the key of the tokens is, for this run."""
        return self.folder / "tokens.key"

    def bridge(self, name: str) -> contextlib.AbstractContextManager[Process]:
        """A bridge process, with its log under `name`."""
        return running(["run", "--config", str(self.config)], self.folder / f"{name}.log")


@contextlib.contextmanager
def set_stage(rules: Path | None = None) -> Iterator[Stage]:
    """Broker and sandbox up, the configuration written; all of it is gone after the block."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qbo-bridge-demo-")))
        broker = stack.enter_context(embedded_broker())
        sandbox = stack.enter_context(running(["sandbox", "--port", "0"], folder / "sandbox.log"))
        address = asyncio.run(first_words(sandbox, re.compile(r"http://\S+")))
        stage = Stage(broker=broker, sandbox=address, folder=folder)
        values = {"broker": broker, "sandbox": address, "realm": DEFAULT_REALM, "client_id": DEFAULTS.client_id}
        values["rules"] = f"rules = {json.dumps(str(rules.resolve()))}" if rules else ""
        stage.config.write_text(CONFIG.format(**values))
        _write_secret(stage.key, base64.urlsafe_b64encode(os.urandom(32)).decode())
        _write_secret(folder / "client.secret", DEFAULTS.client_secret)
        _write_secret(folder / "refresh.token", DEFAULTS.refresh_token)
        yield stage


def _write_secret(path: Path, secret: str) -> None:
    """In a file beside the configuration, so that every command works with that file alone."""
    path.touch(mode=0o600)
    path.write_text(secret)


async def first_words(process: Process, wanted: re.Pattern[str]) -> str:
    """The first words of `process` that look like `wanted`."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while (found := wanted.search(process.said)) is None:
        process.check()
        if time.monotonic() > deadline:
            raise DemoFailed(f"`qbo-bridge {process.name}` did not start within {START_TIMEOUT_S:.0f} s")
        await asyncio.sleep(0.05)
    return found[0]
