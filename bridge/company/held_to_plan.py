"""A job that does a plan: what the plan rests on is looked at again before each slice; what no longer holds is left.

Documents that need each other are one group, done or left together. A group is looked at once, before anything of it is
written: afterwards its entities change by our own writes. That it was looked at stands in the journal before the slice
is sent, so that the next owner does not take a predecessor's writes for a person's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from bridge.books.books import Books
from bridge.company.pipeline import Foreseen, Pipeline
from bridge.decoding.decision import MappedRecord
from bridge.journal.job_lines import JobLine
from bridge.posting.computing import computed, steps_of
from contracts.keys import SourceKey
from contracts.records import InboundRecord, Place

NOTHING_THERE = frozenset({"skip", "wait", "ask", "dead letter", "update"})
"""What a line says of a document for which the plan would not make a sale."""


class HeldToPlan:
    """The lines of one job, and which of its documents are left, each with why."""

    def __init__(
        self,
        lines: Iterable[JobLine],
        left: Mapping[str, str] = MappingProxyType({}),
        *,
        compared: Mapping[str, Mapping[int, int]] = MappingProxyType({}),
        refusal: str = "",
    ) -> None:
        """Records before `compared` were looked at; for a `refusal` everything else is left."""
        self.left = dict(left)
        self._by_place: dict[Place, JobLine] = {}
        self._groups: dict[str, list[JobLine]] = defaultdict(list)
        for line in lines:
            self._groups[line.group].append(line)
            self._by_place.update(dict.fromkeys(line.places, line))
        self._refusal = refusal
        self._begun = {
            line.group
            for place, line in self._by_place.items()
            if place.offset < compared.get(place.topic, {}).get(place.partition, 0)
        }

    def kept(self, records: Sequence[InboundRecord]) -> tuple[InboundRecord, ...]:
        """Those of these records whose documents are not left."""
        return tuple(record for record in records if not self._is_left(record.place))

    async def compare(
        self, records: Sequence[InboundRecord], books: Books, pipeline: Pipeline
    ) -> Mapping[str, str] | None:
        """Look at what these records are the first ones of: what is left now, each with why; None for nothing new.

        Unavailable when QBO is away: then nothing was looked at.
        """
        if not self._new(record.place for record in records):
            return None
        mapped = await computed(lambda: list(pipeline.map_records(records)), steps=steps_of(records))
        return await self._compared(mapped, books, pipeline)

    async def _compared(self, mapped: Sequence[MappedRecord], books: Books, pipeline: Pipeline) -> dict[str, str]:
        groups = self._new(each.record.place for each in mapped)
        lines = [line for group in groups for line in self._groups[group]]
        if self._refusal:
            left = dict.fromkeys((line.document for line in lines), self._refusal)
        else:
            left = await self._differing(lines, mapped, books, pipeline)
        for group in groups:
            named = {line.document for line in self._groups[group]}
            if named & left.keys():
                left |= dict.fromkeys(named - left.keys(), "it goes with a document that is left")
        self._begun |= groups
        self.left |= left
        return left

    async def _differing(
        self, lines: Sequence[JobLine], mapped: Sequence[MappedRecord], books: Books, pipeline: Pipeline
    ) -> dict[str, str]:
        await books.look_now()
        tokens = await books.sync_tokens(name for line in lines for name in line.sync_tokens)
        left = {line.document: why for line in lines if (why := _moved(line, tokens) or _made(line, books))}
        named = {line.document for line in lines}
        for each, foreseen in zip(mapped, await pipeline.foresee(mapped), strict=True):
            line = self._by_place.get(each.record.place)
            if line is None or line.document not in named:
                continue
            others = foreseen.adopted - {name for each in self._groups[line.group] for name in each.sync_tokens}
            if foreseen.sale not in _as_planned(line):
                why = f"the plan would {line.would} it, and now it would be: {foreseen.sale.value}"
                left.setdefault(line.document, why)
            elif others:
                left.setdefault(line.document, f"{', '.join(sorted(others))} was entered since the plan was made")
        return left

    def _new(self, places: Iterable[Place]) -> set[str]:
        lines = (self._by_place.get(place) for place in places)
        return {line.group for line in lines if line is not None} - self._begun

    def _is_left(self, place: Place) -> bool:
        line = self._by_place.get(place)
        return line is not None and line.document in self.left


def _moved(line: JobLine, now: Mapping[str, str]) -> str:
    """Which of the entities that a line rests on are not as it says, in words; empty for none."""
    moved = [name for name, token in sorted(line.sync_tokens.items()) if now.get(name) != token]
    return f"{', '.join(moved)} changed in QuickBooks since" if moved else ""


def _made(line: JobLine, books: Books) -> str:
    """That a document which the plan would create is there by now, in words; empty where it is not."""
    if line.would not in {"create", "adopt"}:
        return ""
    sale = books.index.sale(SourceKey.parse(line.document)) if line.document.count(":") >= 2 else None
    return "it was booked since the plan was made" if sale is not None else ""


def _as_planned(line: JobLine) -> frozenset[Foreseen]:
    """What may become of the sale of a document, by what its line says."""
    if line.would == "create":
        return frozenset({Foreseen.CREATE, Foreseen.NOTHING})
    if line.would in NOTHING_THERE:
        return frozenset({Foreseen.NOTHING}) | ({Foreseen.ASK} if line.would == "ask" else frozenset())
    return frozenset({Foreseen.ADOPT, Foreseen.NOTHING})
