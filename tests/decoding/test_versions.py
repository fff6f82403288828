"""A version from the future counts as of its record: it must not freeze a document for ever."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.decoding.decision import EventMapper
from bridge.decoding.routing import Route, Router
from contracts.posting import TAKEN_BACK_FOR_GOOD, PostingPlan, Version
from mappings.rules import MappingRules
from tests.support.orders import line, order, record

MAPPER = EventMapper("acme", Router([Route("acme", frozenset(), frozenset())]), MappingRules())
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def version(updated_at: datetime, recorded_at: datetime | None) -> Version:
    """Of an order that says `updated_at`, in a record of `recorded_at`."""
    body = order([line("5.00", 2)], updated_at=updated_at.isoformat())
    at_ms = -1 if recorded_at is None else int(recorded_at.timestamp() * 1000)
    mapped = MAPPER.map_record(replace(record(json.dumps(body).encode()), timestamp_ms=at_ms))
    assert mapped is not None
    assert isinstance(mapped.decision, PostingPlan)
    steps = {step.version for step in mapped.decision.steps if step.version and step.version.updated_at}
    assert mapped.decision.version is not None
    assert {each.updated_at for each in steps} <= {mapped.decision.version.updated_at}
    return mapped.decision.version


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=23), timedelta(days=-400)])
def test_a_version_within_a_day_of_its_record_stays(ahead: timedelta) -> None:
    """Clocks and offsets may disagree."""
    assert version(NOON + ahead, NOON).updated_at == int((NOON + ahead).timestamp())


@pytest.mark.parametrize("updated_at", [NOON + timedelta(hours=25), datetime(2199, 1, 1, tzinfo=UTC)])
def test_a_version_from_the_future_counts_as_of_its_record(updated_at: datetime) -> None:
    """In the plan and in each of its steps. Guard: `known_at`."""
    assert version(updated_at, NOON).updated_at == int(NOON.timestamp())


def test_a_later_true_version_supersedes_one_from_the_future() -> None:
    """The order goes on living."""
    assert version(datetime(2199, 1, 1, tzinfo=UTC), NOON) < version(NOON + timedelta(hours=1), NOON)


def test_without_a_time_of_the_record_the_version_stays() -> None:
    """Seconds for milliseconds, or nothing at all, are no time."""
    far = datetime(2199, 1, 1, tzinfo=UTC)
    assert version(far, None).updated_at == version(far, datetime.fromtimestamp(1_790_000, UTC)).updated_at


def test_what_is_gone_for_good_stays_gone() -> None:
    """Its version is beyond all others on purpose."""
    assert TAKEN_BACK_FOR_GOOD.known_at(NOON) == TAKEN_BACK_FOR_GOOD
