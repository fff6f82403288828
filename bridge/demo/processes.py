"""The demo's own processes: each is started by us, known by its handle, and stopped by it, whatever happens.

They run in sessions of their own, so that Ctrl-C reaches the demo alone and everything is stopped in order.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from contracts.errors import BridgeError

STOP_TIMEOUT_S = 30.0
TAIL_LINES = 15


class DemoFailed(BridgeError):
    """Something that the demo started did not do its part."""


def _plain_environment() -> dict[str, str]:
    """The environment without this user's own bridge: nothing that the demo starts may reach their Kafka or books."""
    return {name: value for name, value in os.environ.items() if not name.startswith("QBO_BRIDGE_")}


class Process:
    """One `qbo-bridge` command in the background; what it says is kept in a file."""

    def __init__(self, arguments: Sequence[str], log: Path, environ: Mapping[str, str] | None = None) -> None:
        self.name = arguments[0]
        self._log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, nothing from outside
                [sys.executable, "-m", "bridge.cli.app", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**_plain_environment(), **(environ or {})},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """Everything that it wrote so far."""
        return self._log.read_text(errors="replace")

    def check(self) -> None:
        """DemoFailed with its last words when it has ended."""
        code = self._process.poll()
        if code is not None:
            tail = " / ".join(self.said.splitlines()[-TAIL_LINES:])
            raise DemoFailed(f"`qbo-bridge {self.name}` ended with exit code {code}: {tail or 'it said nothing'}")

    def stop(self) -> int:
        """SIGTERM, and kill when that is not heard; its exit code."""
        self._process.terminate()
        try:
            return self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


@contextlib.contextmanager
def running(arguments: Sequence[str], log: Path, environ: Mapping[str, str] | None = None) -> Iterator[Process]:
    """A command that runs as long as the block does."""
    process = Process(arguments, log, environ)
    try:
        yield process
    finally:
        process.stop()
