"""Which dead letters are redriven, and as what. Pure.

A redriven record is the original again, in its own partition (producers of other languages hash keys in other ways), so
whoever reads the topic sees the same event once more; its result belongs to its new offset. Each redrive adds a header
that names the dead letter, so the headers count the redrives. What was redriven leaves a mark in the company's journal,
written in the same transaction, so that nobody redrives it a second time by starting a command again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bridge.journal.redrives import Redrive
from bridge.kafka.range import TimeSpan
from contracts.dead_letters import DEAD_LETTER_PREFIX, OWN_HEADERS, REDRIVEN_FROM
from contracts.records import InboundRecord, OutboundRecord, Place

COUNTS = frozenset({"partition", "offset", "attempts"})
"""Headers of a dead letter that are numbers."""
REDRIVES_MAX = 3
"""So often an event may be redriven before somebody has to insist."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is known of a dead letter without its bytes. `origin` is the record that could not be booked.

    `ended_with` is the record of the document that it waited for, where that one is a dead letter itself.
    """

    place: Place
    origin: Place
    company: str
    code: str
    failed_at: datetime
    redrives: int
    omitted: bool
    ended_with: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSelection:
    """Which dead letters are asked for; what is empty or None does not choose. `places` are letters or records."""

    places: Collection[Place] = ()
    code: str | None = None
    company: str | None = None
    span: TimeSpan = field(default_factory=TimeSpan)

    def __contains__(self, letter: object) -> bool:
        return (
            isinstance(letter, Letter)
            and (not self.places or letter.place in self.places or letter.origin in self.places)
            and self.code in {None, letter.code}
            and self.company in {None, letter.company}
            and self.span.holds(int(letter.failed_at.timestamp() * 1000))
        )


def read_letter(record: InboundRecord) -> Letter | None:
    """The letter in a record of the dead-letter topic, None for what is none of ours."""
    said = {name: (value or b"").decode(errors="replace") for name, value in record.headers if name in OWN_HEADERS}
    try:
        return Letter(
            place=record.place,
            origin=Place(_said(said, "topic"), int(_said(said, "partition")), int(_said(said, "offset"))),
            company=_said(said, "company"),
            code=_said(said, "reason-code"),
            failed_at=datetime.fromisoformat(_said(said, "failed-at")),
            redrives=sum(1 for name, _ in record.headers if name == REDRIVEN_FROM),
            omitted=record.value is None,
            ended_with=Place.parse(ended) if (ended := said.get(f"{DEAD_LETTER_PREFIX}ended-with")) else None,
        )
    except (KeyError, ValueError):
        return None


def letter_headers(record: InboundRecord) -> dict[str, str]:
    """What our own headers say, without their prefix; of a header that stands twice the last one counts."""
    return {
        name.removeprefix(DEAD_LETTER_PREFIX): (value or b"").decode(errors="replace")
        for name, value in record.headers
        if name.startswith(DEAD_LETTER_PREFIX)
    }


def headers_as_json(headers: Mapping[str, str]) -> dict[str, object]:
    """Our headers of a dead letter under names of one style, counts as numbers."""
    return {
        name.replace("-", "_"): int(text) if name in COUNTS and text.isdecimal() else text
        for name, text in headers.items()
    }


def again(record: InboundRecord, letter: Letter) -> OutboundRecord:
    """The original, byte for byte, with a header that says where it comes from."""
    original = tuple((name, value) for name, value in record.headers if name not in OWN_HEADERS)
    headers = (*original, (REDRIVEN_FROM, str(letter.place).encode()))
    origin = letter.origin
    return OutboundRecord(
        topic=origin.topic, key=record.key, value=record.value, headers=headers, partition=origin.partition
    )


def refusal(letter: Letter, *, topics: Collection[str], redrive: Redrive | None, force: bool) -> str | None:
    """Why a letter is not redriven, one sentence; None when it is. `force` overrides what is only a caution."""
    if letter.omitted:
        return "its value was too large for the dead-letter topic, so only the source can send it again"
    if letter.origin.topic not in topics:
        return f"it came from {letter.origin.topic}, which is not among topics.events any more"
    if force:
        return None
    if redrive is not None:
        at = redrive.at.isoformat()[:19]
        return f"it was redriven at {at}Z to {redrive.to} (--force redrives it once more)"
    if letter.redrives >= REDRIVES_MAX:
        return f"its event was redriven {letter.redrives} times already and failed again (--force insists)"
    return None


def _said(said: Mapping[str, str], name: str) -> str:
    return said[DEAD_LETTER_PREFIX + name]
