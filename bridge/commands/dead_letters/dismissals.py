"""A person's word that a dead letter needs nothing more: a record of the dead-letter topic, beside the letter itself.

It stays as long as the letter does, survives every restart, and means nothing to whoever takes over: a release that
does not know it passes it over, because it names no original record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contracts.dead_letters import DEAD_LETTER_PREFIX
from contracts.records import InboundRecord, OutboundRecord, Place

DISMISSED = f"{DEAD_LETTER_PREFIX}dismissed"
NOTE = f"{DEAD_LETTER_PREFIX}note"
AT = f"{DEAD_LETTER_PREFIX}dismissed-at"
NOTE_MAX = 500
"""Characters of a note."""


@dataclass(frozen=True, slots=True)
class Dismissal:
    """Which dead letter needs nothing more, why, and since when (aware)."""

    letter: Place
    note: str
    at: datetime


def dismissal_record(dismissal: Dismissal, company: str) -> OutboundRecord:
    """The record of a dismissal, in the partition of its letter."""
    said = {
        DISMISSED: str(dismissal.letter),
        NOTE: dismissal.note,
        AT: dismissal.at.isoformat(),
        f"{DEAD_LETTER_PREFIX}company": company,
    }
    headers = tuple((name, text.encode()) for name, text in said.items())
    place = dismissal.letter
    return OutboundRecord(topic=place.topic, key=None, value=None, headers=headers, partition=place.partition)


def read_dismissal(record: InboundRecord) -> Dismissal | None:
    """The dismissal in a record of the dead-letter topic, None for what is none."""
    # because a redriven event of a source may bring any header, and only a record without content dismisses anything
    if record.value is not None:
        return None
    said = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    if DISMISSED not in said:
        return None
    try:
        return Dismissal(Place.parse(said[DISMISSED]), said.get(NOTE, ""), datetime.fromisoformat(said[AT]))
    except (KeyError, ValueError):
        return None
