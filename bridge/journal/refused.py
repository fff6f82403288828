"""Documents whose own record is a dead letter, kept for the next owner: what waits for one of them ends with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.journal.entries import REFUSED
from contracts.keys import SourceKey
from contracts.records import Place


@dataclass(frozen=True, slots=True)
class RefusedDocument:
    """Where the record lies that was refused, and when (aware) it was."""

    place: Place
    at: datetime


def refused_key(document: SourceKey) -> str:
    """Where the journal keeps that this document was refused."""
    return REFUSED.key(str(document))


def refused_value(refused: RefusedDocument) -> bytes:
    """The journal's entry of it."""
    return REFUSED.value({"at": refused.at.isoformat(), "place": str(refused.place)})


def read_refused(journal: Mapping[str, bytes]) -> dict[SourceKey, RefusedDocument]:
    """All of them by document. UnreadableJournal for an unknown format."""
    return dict(REFUSED.read_all(journal, _refused))


def _refused(name: str, fields: Mapping[str, Any]) -> tuple[SourceKey, RefusedDocument]:
    at = datetime.fromisoformat(fields["at"])
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no offset")
    return SourceKey.parse(name), RefusedDocument(Place.parse(fields["place"]), at)
