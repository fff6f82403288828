"""Golden pairs: an event and, beside it, the plan that it maps to, first in words and then as values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.decoding.record import decode_record
from contracts.errors import RecordError
from mappings.describe import describe
from mappings.registry import map_event
from mappings.rules import MappingRules, load_rules
from mappings.values import as_values
from tests.support.orders import RULES, record

GOLDEN = Path(__file__).parent / "golden"
EVENTS = sorted(GOLDEN.glob("*/*/event.json"))


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: f"{path.parent.parent.name}-{path.parent.name}")
def test_event_maps_to_its_plan(event: Path, golden_update: bool) -> None:  # noqa: FBT001 - a fixture
    """Each event maps to exactly the plan that lies beside it, under the rules that lie there too, if any do."""
    rules = event.with_name("rules.toml")
    found = _decision(event.read_bytes(), load_rules(rules.read_text()) if rules.exists() else RULES)
    beside = event.with_name("plan.json")
    if golden_update:
        beside.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    assert json.loads(beside.read_text()) == found


def test_every_plan_has_its_event() -> None:
    """No plan is left over from an event that is gone."""
    assert {path.parent for path in EVENTS} == {path.parent for path in GOLDEN.glob("*/*/plan.json")}


def _decision(value: bytes, rules: MappingRules) -> object:
    try:
        envelope = decode_record(record(value))
        assert envelope is not None
        decision = map_event(envelope, rules)
    except RecordError as error:
        return {"refused": error.code, "message": str(error)}
    return {"in words": [f"{label}: {text}" for label, text in describe(decision)], **as_values(decision)}
