"""What became of the records of a company, read from its dead letters and results."""

from __future__ import annotations

from bridge.commands.dead_letters.redriving import letter_headers
from bridge.commands.glance import glance_at
from bridge.commands.reading import read_records
from bridge.config.settings import Settings
from contracts.records import Place
from contracts.results import ResultStatus


async def dead_lettered(settings: Settings, company: str) -> dict[Place, str]:
    """Which records of the company were dead-lettered, and why."""
    found: dict[Place, str] = {}
    async for record in read_records(settings, settings.topics.dead_letters):
        headers = letter_headers(record)
        if headers.get("company") == company:
            place = Place(headers.get("topic", ""), int(headers.get("partition", -1)), int(headers.get("offset", -1)))
            found[place] = headers.get("reason-code", "")
    return found


async def ignored(settings: Settings, company: str) -> dict[Place, str]:
    """Which records of the company were ignored in the end, and why; read only to explain what is not there."""
    found: dict[Place, str] = {}
    async for record in read_records(settings, settings.topics.results):
        result = glance_at(record)
        if result is None or result.company != company:
            continue
        if result.status is ResultStatus.IGNORED and result.code:
            found[result.place] = result.code
        else:
            found.pop(result.place, None)
    return found
