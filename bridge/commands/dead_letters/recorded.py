"""A dead letter with its record, of which no more is read than is asked for: most letters nobody looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bridge.commands.contents import EventContent, content_of
from bridge.commands.dead_letters.redriving import Letter, letter_headers
from contracts.records import InboundRecord


@dataclass(frozen=True)
class RecordedLetter:
    """One dead letter: what it says of itself, and its `record`."""

    letter: Letter
    record: InboundRecord

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Our headers, without their prefix."""
        return letter_headers(self.record)

    @cached_property
    def content(self) -> EventContent:
        """What its event is about."""
        return content_of(self.record)
