"""Until when the changes that people make in QBO are known: the next owner learns what was deleted since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.journal.entries import KNOWN_UNTIL

KNOWN_UNTIL_KEY = KNOWN_UNTIL.key()
"""Where the company's journal keeps it."""


def known_until_value(moment: datetime) -> bytes:
    """The journal's entry for an aware time."""
    return KNOWN_UNTIL.value({"since": moment.isoformat()})


def read_known_until(journal: Mapping[str, bytes]) -> datetime | None:
    """The time in a journal (aware), None where it says none. UnreadableJournal for an unknown format."""
    found = KNOWN_UNTIL.read_all(journal, _moment)
    return found[0] if found else None


def _moment(_: str, fields: Mapping[str, Any]) -> datetime:
    moment = datetime.fromisoformat(fields["since"])
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no offset")
    return moment
