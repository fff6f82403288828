"""What `qbo-bridge map` says of an event beside what the machine says of it whose books have nothing of it yet."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from datetime import timedelta

from bridge.commands.mapping import map_value
from contracts.records import Headers
from contracts.results import Result
from mappings.rules import MappingRules
from tests.support.world import opened

ITS_OWN = ("is off in QuickBooks", "the company has no active ")
"""What only a company itself decides."""
SINCE_EVER = timedelta(days=30 * 365)
"""Real payloads are old, and what waits for its books to be read is no decision about it."""


def disagreement(value: bytes, headers: Headers = ()) -> str | None:
    """Where the exit code, the status, the reason's code or its sentence differ; None where the two say the same."""
    result = asyncio.run(_posted(value, headers))
    said, failed = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(failed):
        is_booked = mapped_by_default(value)
    code, message = (result.reason.code, result.reason.message) if result.reason else (None, None)
    if code == "unknown_source":  # because without a configuration every shop and account is the company's
        return None
    if message is not None and any(words in message for words in ITS_OWN):
        return None if is_booked else f"{failed.getvalue()!r}, but only the company lacks something"
    if not is_booked:
        wanted = ("dead_lettered", f"Dead letter, {code}: {message}.\n")
        return _unless_equal((result.status.value, failed.getvalue()), wanted)
    told = json.loads(said.getvalue())
    reason = told.get("reason") or told.get("ignored") or {}
    found = (told["status"], reason.get("code"), reason.get("message"))
    return _unless_equal((result.status.value, code, message), found)


def mapped_by_default(value: bytes) -> bool:
    """Whether the command calls the event booked without any configuration."""
    return map_value(value, topic=None, settings=None, company=None, as_json=True)


async def _posted(value: bytes, headers: Headers) -> Result:
    async with opened(MappingRules(), window=SINCE_EVER) as world:
        (result,) = await world.deliver_records(world.record(value, headers=headers))
    return result


def _unless_equal(machine: tuple[object, ...], command: tuple[object, ...]) -> str | None:
    return None if machine == command else f"the machine says {machine}, the command {command}"
