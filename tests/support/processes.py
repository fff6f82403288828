"""Processes as a user starts them: the bridge, and the sandbox as a server. Known by their handles, stopped by them."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx


class Replica:
    """One process; what it says is kept in a file of its own."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.started_at = time.time()
        self._log = folder / f"{name}.log"
        self._url: str | None = None
        with self._log.open("ab") as out:
            self._begins_at = out.tell()
            environment = {**environment, "PYTHONFAULTHANDLER": "1"}  # because one that hangs is to say where
            self.process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def kill(self) -> None:
        """Kill -9, also of a frozen one."""
        if self.lives:
            self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def terminate(self, limit_s: float = 30.0, *, ends_with: int = 0) -> float:
        """SIGTERM; the seconds that it took to end with this code."""
        began = time.monotonic()
        self.process.terminate()
        code = self._wait(limit_s)
        if code == -signal.SIGTERM and not self._has_begun():
            return time.monotonic() - began
        assert code == ends_with, f"{self.name} ended with {code}: {self.said[-3000:]}"
        return time.monotonic() - began

    def _wait(self, limit_s: float) -> int:
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            raise AssertionError(f"{self.name} did not end within {limit_s} s: {self.said[-9000:]}") from None

    @property
    def said(self) -> str:
        """Everything that it has logged."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _has_begun(self) -> bool:
        """Whether it listens to signals: before that Python ends as any program does."""
        with self._log.open("rb") as log:
            log.seek(self._begins_at)
            return b"http.listening" in log.read()

    def events(self, name: str, **facts: object) -> list[dict[str, Any]]:
        """Its log lines of one event with these facts."""
        found = []
        for line in self.said.splitlines():
            if f'"{name}"' in line and line.startswith("{"):
                entry = json.loads(line)
                if entry.get("event") == name and all(entry.get(key) == value for key, value in facts.items()):
                    found.append(entry)
        return found

    def page(self, path: str) -> httpx.Response:
        """One of its own pages; `httpx.HTTPError` while it has none."""
        if self._url is None:
            heard = self.events("http.listening")
            if not heard:
                raise httpx.ConnectError(f"{self.name} does not listen yet")
            self._url = str(heard[-1]["address"])
        return httpx.get(f"{self._url}{path}", timeout=5)

    @property
    def is_ready(self) -> bool:
        """What /readyz says; false while nobody answers."""
        try:
            return self.page("/readyz").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def company(self, name: str) -> dict[str, Any]:
        """What /status says of one company."""
        found: list[dict[str, Any]] = self.page("/status").json()["companies"]
        return next(each for each in found if each["company"] == name)

    def phase(self, name: str) -> str:
        """The company's phase here; "none" while nobody answers."""
        try:
            return str(self.company(name)["phase"])
        except httpx.HTTPError:
            return "none"


@asynccontextmanager
async def sandbox_server(folder: Path, *options: str) -> AsyncIterator[str]:
    """`qbo-bridge sandbox` on a free port; gives its address."""
    log = (folder / "sandbox.log").open("w+b")
    process = subprocess.Popen(  # noqa: ASYNC220 - see above
        [sys.executable, "-m", "bridge.cli.app", "sandbox", "--port", "0", *options],
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        yield await asyncio.to_thread(_address, folder / "sandbox.log", process)
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        for word in log.read_text(encoding="utf-8").split():
            if word.startswith("http://127.0.0.1:"):
                return word.rstrip(".,/")
        time.sleep(0.05)
    raise AssertionError(f"the sandbox did not start: {log.read_text(encoding='utf-8')}")
