"""What became of a dead letter since: open until its event has another result, its own or that of a redrive. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bridge.commands.dead_letters.redriving import Letter
from bridge.journal.redrives import Redrive
from contracts.records import Place
from contracts.results import ResultStatus

OPEN, REDRIVEN, REPEATED = "open", "redriven", "repeated"


def newest_of_each(letters: Iterable[Letter]) -> dict[Place, Place]:
    """By the record that could not be booked, its newest letter: it may have failed more than once."""
    found: dict[Place, Letter] = {}
    for letter in letters:
        known = found.get(letter.origin)
        if known is None or known.failed_at <= letter.failed_at:
            found[letter.origin] = letter
    return {origin: letter.place for origin, letter in found.items()}


def state_of(
    letter: Letter, newest: Mapping[Place, Place], redrive: Redrive | None, results: Mapping[Place, ResultStatus]
) -> str:
    """`open`, or what took it off the list: `redriven`, `repeated` (a newer letter of the record), or a status.

    `results` are the last statuses of records. A redriven event that failed again is a letter of its own.
    """
    if newest.get(letter.origin) not in {None, letter.place}:
        return REPEATED
    status = results.get(redrive.to if redrive is not None else letter.origin)
    if status not in {None, ResultStatus.DEAD_LETTERED, ResultStatus.WAITING}:
        return str(status)
    return OPEN if redrive is None else REDRIVEN
