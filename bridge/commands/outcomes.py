"""What became of the records of a company, read from its dead letters and results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.commands.dead_letters.dismissals import read_dismissal
from bridge.commands.dead_letters.redriving import Letter, read_letter
from bridge.commands.dead_letters.states import DISMISSED, newest_of_each
from bridge.commands.glance import glance_at
from bridge.commands.reading import read_records
from bridge.config.settings import Settings
from contracts.records import Place
from contracts.results import ResultStatus


@dataclass(frozen=True, slots=True)
class DeadLettered:
    """Which records of a company are dead letters, and why: those that are `open`, and those a person `dismissed`."""

    open: Mapping[Place, str]
    dismissed: Mapping[Place, str]


async def dead_lettered(settings: Settings, company: str) -> DeadLettered:
    """The dead letters of the company by their records, the newest of each."""
    letters: dict[Place, Letter] = {}
    dismissed: set[Place] = set()
    async for record in read_records(settings, settings.topics.dead_letters):
        letter = read_letter(record)
        if letter is not None and letter.company == company:
            letters[letter.place] = letter
        elif (dismissal := read_dismissal(record)) is not None:
            dismissed.add(dismissal.letter)
    newest = newest_of_each(letters.values())
    return DeadLettered(
        open={origin: letters[place].code for origin, place in newest.items() if place not in dismissed},
        dismissed=dict.fromkeys((origin for origin, place in newest.items() if place in dismissed), DISMISSED),
    )


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
