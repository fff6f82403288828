"""What became of a dead letter since: open until its event has another result, its own or that of a redrive. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bridge.commands.dead_letters.redriving import Letter
from bridge.journal.redrives import Redrive
from contracts.records import Place
from contracts.results import ResultStatus

OPEN, REDRIVEN, REPEATED, DISMISSED = "open", "redriven", "repeated", "dismissed"


def newest_of_each(letters: Iterable[Letter]) -> dict[Place, Place]:
    """By the record that could not be booked, its newest letter: it may have failed more than once."""
    found: dict[Place, Letter] = {}
    for letter in letters:
        known = found.get(letter.origin)
        if known is None or known.failed_at <= letter.failed_at:
            found[letter.origin] = letter
    return {origin: letter.place for origin, letter in found.items()}


def state_of(
    letter: Letter,
    newest: Mapping[Place, Place],
    redrive: Redrive | None,
    results: Mapping[Place, ResultStatus],
    *,
    dismissed: bool = False,
) -> str:
    """`open`, or what took it off the list: `redriven`, `repeated`, `dismissed` by a person, or a status.

    `repeated` is a letter of which the record has a newer one.

    `results` are the last statuses of records. A redriven event that failed again is a letter of its own.
    """
    if newest.get(letter.origin) not in {None, letter.place}:
        return REPEATED
    status = results.get(redrive.to if redrive is not None else letter.origin)
    if status not in {None, ResultStatus.DEAD_LETTERED, ResultStatus.WAITING}:
        return str(status)
    if redrive is not None:
        return REDRIVEN
    return DISMISSED if dismissed else OPEN
