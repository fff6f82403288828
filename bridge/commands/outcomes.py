"""What became of the records of a company, read from its dead letters and results."""

from __future__ import annotations

from bridge.commands.dead_letters.redriving import letter_headers
from bridge.commands.reading import read_records
from bridge.commands.results import published_in
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
        published = published_in(record)
        if published is None or published.result.company != company:
            continue
        result, place = published.result, published.result.source.place
        if result.status is ResultStatus.IGNORED and result.reason is not None:
            found[place] = result.reason.code
        else:
            found.pop(place, None)
    return found
