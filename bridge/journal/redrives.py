"""Which dead letters were redriven, kept in their company's journal: written in the transaction of the redriven event.

So nobody redrives one a second time by starting a command again, and a redrive that was interrupted goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.journal.entries import REDRIVE
from contracts.records import Place


@dataclass(frozen=True, slots=True)
class Redrive:
    """When (aware) a dead letter was redriven, and the record that the event became."""

    at: datetime
    to: Place


def redrive_key(letter: Place) -> str:
    """Where the journal keeps that the dead letter at this place was redriven."""
    return REDRIVE.key(str(letter))


def redrive_value(redrive: Redrive) -> bytes:
    """The journal's entry of a redrive."""
    return REDRIVE.value({"at": redrive.at.isoformat(), "to": str(redrive.to)})


def read_redrive(journal: Mapping[str, bytes], letter: Place) -> Redrive | None:
    """How a dead letter was redriven, None when it was not. UnreadableJournal for an unknown format."""
    key = redrive_key(letter)
    return REDRIVE.read(key, journal[key], _redrive) if key in journal else None


def _redrive(_: str, fields: Mapping[str, Any]) -> Redrive:
    return Redrive(datetime.fromisoformat(fields["at"]), Place.parse(fields["to"]))
