"""All dead letters with what became of each since, read once for every command that shows them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bridge.commands.booked import LastBooked
from bridge.commands.dead_letters.dismissals import Dismissal, read_dismissal
from bridge.commands.dead_letters.recorded import RecordedLetter
from bridge.commands.dead_letters.redriving import Letter, read_letter
from bridge.commands.dead_letters.states import OPEN, newest_of_each, state_of
from bridge.commands.glance import glance_at
from bridge.commands.reading import company_journal, read_records
from bridge.config.settings import Settings
from bridge.journal.redrives import read_redrive
from bridge.kafka.errors import BrokerError
from contracts.errors import BridgeError
from contracts.records import InboundRecord, Place
from contracts.results import ResultStatus

DEAD_LETTER_CODES = (
    "undecodable",
    "unmappable",
    "unbalanced",
    "rejected",
    "period_closed",
    "orphan",
    "too_large",
    "conflict",
    "possible_duplicate",
    "internal",
)
"""The reason codes of dead letters, as the contract of the bus pins them."""


@dataclass(frozen=True, kw_only=True)
class StandingLetter(RecordedLetter):
    """One dead letter and its state; `dismissal` is a person's word on it."""

    state: str
    dismissal: Dismissal | None

    @property
    def is_open(self) -> bool:
        """True for what a person has to look at still."""
        return self.state == OPEN

    @property
    def name(self) -> str:
        """`partition/offset`, as commands take it."""
        return f"{self.letter.place.partition}/{self.letter.place.offset}"


def check_code(code: str | None) -> None:
    """BridgeError for a word that is no reason code of dead letters: nothing would ever be found by it."""
    if code is not None and code not in DEAD_LETTER_CODES:
        raise BridgeError(f"{code} is no reason code of dead letters; expected one of: {', '.join(DEAD_LETTER_CODES)}.")


async def standing_letters(
    settings: Settings, *, company: str | None = None, code: str | None = None, booked: LastBooked | None = None
) -> list[StandingLetter]:
    """The letters of one company or reason code if asked, newest first, each with its state.

    Whoever may not read the journal or the results sees the letters all the same. Where results are read, they say to
    `booked` what was booked last.
    """
    letters: dict[Place, tuple[Letter, InboundRecord]] = {}
    dismissals: dict[Place, Dismissal] = {}
    async for record in read_records(settings, settings.topics.dead_letters):
        letter, dismissal = read_letter(record), read_dismissal(record)
        if letter is not None and company in {None, letter.company}:
            letters[letter.place] = letter, record
        elif dismissal is not None:
            dismissals[dismissal.letter] = dismissal
    states = await _states(settings, [letter for letter, _ in letters.values()], dismissals, booked or LastBooked())
    found = [
        StandingLetter(letter=letter, record=record, state=states[place], dismissal=dismissals.get(place))
        for place, (letter, record) in letters.items()
        if code in {None, letter.code}
    ]
    return sorted(found, key=lambda each: (each.letter.failed_at, each.letter.place), reverse=True)


async def _states(
    settings: Settings, letters: Iterable[Letter], dismissals: Mapping[Place, Dismissal], booked: LastBooked
) -> dict[Place, str]:
    letters = list(letters)
    if not letters:
        return {}
    there = {company.name for company in settings.companies}
    journals: dict[str, Mapping[str, bytes]] = {}
    with contextlib.suppress(BrokerError, OSError):
        for name in {letter.company for letter in letters} & there:
            journals[name] = await company_journal(settings, name).read()
    results: dict[Place, ResultStatus] = {}
    with contextlib.suppress(BrokerError, OSError):
        async for record in read_records(settings, settings.topics.results):
            result = glance_at(record)
            if result is not None:
                results[result.place] = result.status
                booked.take(result)
        booked.is_whole = True
    newest = newest_of_each(letters)
    redrives = {each.place: read_redrive(journals.get(each.company, {}), each.place) for each in letters}
    return {
        each.place: state_of(each, newest, redrives[each.place], results, dismissed=each.place in dismissals)
        for each in letters
    }
