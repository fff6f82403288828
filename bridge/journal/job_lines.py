"""The plan that a job does, line by line, and what of it the owner has left: what a person changed in between.

Lines lie in the job's pieces. What was left is an entry of its own for each slice, written before anything of that
slice is sent, and kept as long as the job, so that whoever asks for it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.journal.entries import JOB_LEFT
from bridge.journal.jobs import Job, in_pieces
from contracts.records import Place


@dataclass(frozen=True, slots=True)
class JobLine:
    """A document of a plan: what is to happen to it, and the SyncTokens that this rests on, as `invoice/145`.

    Documents of one `group` need each other and are done or left together; `places` are those of its records.
    """

    document: str
    would: str
    group: str
    sync_tokens: Mapping[str, str]
    places: tuple[Place, ...]

    def as_json(self) -> list[Any]:
        """As a piece of the job holds it."""
        return [self.document, self.would, self.group, dict(self.sync_tokens), list(map(str, self.places))]


def lines_of(journal: Mapping[str, bytes], job: Job) -> list[JobLine]:
    """The plan that a job does, empty where it does none. UnreadableJournal where its pieces are not its own."""
    return [
        JobLine(document, would, group, tokens, tuple(map(Place.parse, places)))
        for document, would, group, tokens, places in in_pieces(journal, job, "planned")
    ]


def left_key(ident: str, number: int) -> str:
    """Where the journal keeps what a slice of this job has left, the first one being 0."""
    return JOB_LEFT.key(f"{ident}:{number}")


def left_value(left: Mapping[str, str]) -> bytes:
    """The journal's entry of documents that were left, each with why."""
    return JOB_LEFT.value({"left": dict(left)})


def read_left(journal: Mapping[str, bytes], ident: str) -> dict[str, str]:
    """Every document that this job has left so far, with why. UnreadableJournal for an unknown format."""
    found: dict[str, str] = {}
    for key in left_keys(journal, [ident]):
        found |= JOB_LEFT.read(key, journal[key], lambda _, fields: fields["left"])
    return found


def left_keys(journal: Mapping[str, bytes], idents: Iterable[str]) -> list[str]:
    """The entries of what these jobs have left."""
    wanted = frozenset(idents)
    return [key for key in journal if JOB_LEFT.holds(key) and JOB_LEFT.name(key).partition(":")[0] in wanted]
