"""`requestid`: the same id gets the first answer again and performs nothing.

Measured on Intuit's sandbox: same id and same body, or another body, both give the original answer. Nobody published
when an id is reserved, for how long, and whether faults are remembered: see `Switches`.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bridge.sandbox.clock import SandboxClock
from bridge.sandbox.errors import QboFault
from bridge.sandbox.settings import Switches
from bridge.sandbox.wire import Doc

LENGTH_MAX = 50
BATCH_LENGTH_MAX = 36
BID_LENGTH_MAX = 10


@dataclass(slots=True)
class Reply:
    """An answer of the service: HTTP status and the body before it is bytes."""

    status: int
    body: Doc
    fault: bool = False


@dataclass(slots=True)
class _Entry:
    fingerprint: bytes
    at: float
    reply: Reply | None = None
    waiting: asyncio.Event | None = None

    def wake(self) -> None:
        """Let those go on who wait for this answer."""
        if self.waiting is not None:
            self.waiting.set()
            self.waiting = None


def fingerprint(body: bytes) -> bytes:
    """What tells one body from another."""
    return hashlib.blake2b(body, digest_size=16).digest()


def check_length(request_id: str, bids: list[str] | None = None) -> None:
    """2130 for ids that are longer than documented: 50 alone, 36 with a batch, whose bIds may then have 10."""
    longest = LENGTH_MAX if bids is None else BATCH_LENGTH_MAX
    if len(request_id) > longest or any(len(bid) > BID_LENGTH_MAX for bid in bids or ()):
        raise QboFault("2130", "Invalid Request Id Format")


class RequestIds:
    """The request ids that one realm remembers."""

    def __init__(self, switches: Switches, clock: SandboxClock) -> None:
        self._switches = switches
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self.on_answered: Callable[[str, bytes, Reply], None] | None = None

    async def replay(self, key: str, print_: bytes) -> Reply | None:
        """The first answer to this id, waiting for it while it is still being applied; None when free."""
        while True:
            entry = self._entries.get(key)
            if entry is None or self._forgotten(entry):
                return None
            if entry.reply is not None:
                break
            if entry.waiting is None:
                entry.waiting = asyncio.Event()
            await entry.waiting.wait()
        if entry.fingerprint != print_ and self._switches.body_mismatch == "fault_600":
            raise QboFault("600", "Duplicate Request ID", f"Duplicate Request Id: {key.partition('/')[0]}")
        return entry.reply

    def reserve(self, key: str, print_: bytes) -> None:
        """From now on a second request with this id waits, if ids are reserved at acceptance."""
        if self._switches.reserve_at == "acceptance":
            self._entries[key] = _Entry(print_, self._clock.monotonic())

    def answer(self, key: str, print_: bytes, reply: Reply) -> None:
        """The request was answered: remember it, or free the id when faults are not replayed."""
        entry = self._entries.pop(key, None) or _Entry(print_, self._clock.monotonic())
        if not reply.fault or self._switches.replay_faults:
            entry.reply, entry.fingerprint = reply, print_
            self._entries[key] = entry
            if self.on_answered is not None:
                self.on_answered(key, print_, reply)
        entry.wake()

    def release(self, key: str) -> None:
        """The request was never applied: the id is free."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            entry.wake()

    def remember(self, key: str, print_: bytes, reply: Reply) -> None:
        """An answer of an earlier run."""
        self._entries[key] = _Entry(print_, self._clock.monotonic(), reply)

    def _forgotten(self, entry: _Entry) -> bool:
        window = self._switches.replay_window_s
        return window is not None and entry.reply is not None and self._clock.monotonic() - entry.at > window


async def once(
    ids: RequestIds, key: str | None, print_: bytes, apply: Callable[[], Awaitable[Reply]]
) -> tuple[Reply, bool]:
    """Apply a request unless its id has been answered; True beside the reply says that it was a replay."""
    if key is None:
        return await apply(), False
    earlier = await ids.replay(key, print_)
    if earlier is not None:
        return earlier, True
    ids.reserve(key, print_)
    try:
        reply = await apply()
    except BaseException:
        ids.release(key)
        raise
    ids.answer(key, print_, reply)
    return reply, False
