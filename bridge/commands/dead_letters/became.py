"""What became of redriven events: their results, waited for, as a table or as JSON."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping

import orjson

from bridge.commands.glance import ResultGlance, glance_at
from bridge.commands.output import screen
from bridge.commands.reading import read_records
from bridge.commands.tables import Table
from bridge.config.settings import Settings
from contracts.records import Place
from contracts.results import ResultStatus


async def results_of(settings: Settings, places: Iterable[Place], *, wait_s: float) -> dict[Place, ResultGlance]:
    """The last result of each record within so many seconds; one that waits may still get another."""
    found: dict[Place, ResultGlance] = {}
    left = set(places)
    with contextlib.suppress(TimeoutError):
        async with (
            asyncio.timeout(wait_s),
            contextlib.aclosing(read_records(settings, settings.topics.results, follow=True)) as records,
        ):
            async for record in records:
                result = glance_at(record)
                if result is None or result.place not in left:
                    continue
                found[result.place] = result
                if result.status is not ResultStatus.WAITING:
                    left.discard(result.place)
                if not left:
                    break
    return found


def is_settled(result: ResultGlance | None) -> bool:
    """True where the event has a result that leaves nothing to a person."""
    return result is not None and result.status not in {ResultStatus.DEAD_LETTERED, ResultStatus.WAITING}


def print_redriven(sent: Mapping[Place, Place], results: Mapping[Place, ResultGlance], *, wait_s: float) -> None:
    """One row for each letter."""
    shown = Table(("letter", "now", "status", "document", "why"), prose=("why",), optional=("now",))
    for letter, place in sent.items():
        result = results.get(place)
        status = result.status.value if result else f"no result within {wait_s:g} s"
        why = f"{result.code}: {result.message}" if result and result.code else ""
        shown.add_row(_name(letter), place, status, result.document if result else "", why)
    shown.print()


def print_redriven_as_json(sent: Mapping[Place, Place], results: Mapping[Place, ResultGlance]) -> None:
    """One document a line; without a result its status is null."""
    for letter, place in sent.items():
        result = results.get(place)
        said = {
            "letter": _name(letter),
            "redriven_to": str(place),
            "status": result.status.value if result else None,
            "document": (result.document or None) if result else None,
            "reason_code": (result.code or None) if result else None,
            "reason": (result.message or None) if result else None,
        }
        screen().out(orjson.dumps(said).decode())


def _name(letter: Place) -> str:
    return f"{letter.partition}/{letter.offset}"
