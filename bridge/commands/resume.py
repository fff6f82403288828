"""`qbo-bridge pause` and `resume`: a company stops where it is, and goes on, wherever its process runs.

Both are entries in the company's journal, which its owner follows; without an owner just now, the next one finds them.
A pause is a person's; a stop is the owner's own, after too many dead letters, and `resume` ends either.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from bridge.commands.output import answer, zoned_text
from bridge.commands.reading import company_journal
from bridge.config.settings import Settings
from bridge.journal.pause import PAUSED_KEY, Pauses
from bridge.journal.stop import STOPPED_KEY, Stop
from bridge.journal.waiting import parked_records
from bridge.kafka.reader import publish
from bridge.service.settings import kafka_connection
from contracts.errors import BridgeError


async def pause(settings: Settings, company: str, *, as_json: bool = False) -> None:
    """Pause `company` from now on, and say so. BridgeError when it is paused already."""
    journal = company_journal(settings, settings.company(company).name)
    pauses = Pauses.from_bytes((await journal.read()).get(PAUSED_KEY))
    if pauses.since is not None:
        raise BridgeError(f"{company} is paused already, since {zoned_text(pauses.since)}.")
    now = datetime.now(UTC)
    begun = pauses.begun(now)
    await publish(kafka_connection(settings.kafka), [journal.journal_record(PAUSED_KEY, begun.to_bytes())])
    following = f"qbo-bridge resume --company {company}"
    answer(
        {"company": company, "paused_since": now, "next": following},
        f"{company} pauses: what is under way ends, nothing more begins, offsets are kept.",
        f"It goes on with: {following}",
        as_json=as_json,
    )


async def refuse_while_paused(settings: Settings, company: str) -> None:
    """BridgeError while a person has paused `company`: nothing would begin, and a command would wait for ever."""
    since = Pauses.from_bytes((await company_journal(settings, company).read()).get(PAUSED_KEY)).since
    if since is not None:
        raise BridgeError(
            f"{company} is paused since {zoned_text(since)}, so nothing is posted. "
            f"It goes on with: qbo-bridge resume --company {company}"
        )


async def resume(settings: Settings, company: str, *, as_json: bool = False) -> None:
    """End the pause and the stop of `company`, and say so. BridgeError when it has neither."""
    journal = company_journal(settings, settings.company(company).name)
    entries = await journal.read()
    pauses, note = Pauses.from_bytes(entries.get(PAUSED_KEY)), entries.get(STOPPED_KEY)
    if note is None and pauses.since is None:
        raise BridgeError(
            f"There is nothing to resume: {company} is not paused and has not stopped after too many dead letters. "
            "What else stops a company stands in /status and ends with a restart."
        )
    ended: dict[str, bytes | None] = {}
    if pauses.since is not None:
        ended[PAUSED_KEY] = pauses.ended(datetime.now(UTC), _oldest_waiting(entries)).to_bytes()
    if note is not None:
        ended[STOPPED_KEY] = None
    records = [journal.journal_record(key, value) for key, value in ended.items()]
    await publish(kafka_connection(settings.kafka), records)
    stop = Stop.from_bytes(note) if note is not None else None
    again = f"qbo-bridge dead-letters redrive --company {company} --reason {stop.code}" if stop else None
    said = [f"{company} goes on. It was paused since {zoned_text(pauses.since)}."] if pauses.since is not None else []
    if stop is not None:
        said += [
            f"{company} goes on. It had {stop} at {stop.at[:19]}Z.",
            f"What was refused can be tried again: {again}",
        ]
    facts = {"company": company, "was_paused_since": pauses.since, "had": str(stop) if stop else None, "next": again}
    answer(facts, *said, as_json=as_json)


def _oldest_waiting(entries: Mapping[str, bytes]) -> datetime | None:
    return min((parked.since for parked in parked_records(entries)), default=None)
