"""`qbo-bridge map` and the machine say the same of whatever comes: drawn stories, trimmed bodies, real payloads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ledger.field_stories import field_stories
from tests.support.corpus import CORPUS
from tests.support.forecasting import disagreement
from tests.support.orders import Json
from tests.support.sizes import examples

REAL = sorted(CORPUS.glob("*/*.json"))
ODD: tuple[Any, ...] = ("", 0, "-1.00", "abc", [], {})


@st.composite
def trimmed(draw: st.DrawFn) -> Json:
    """An event of a drawn story; mostly one of its fields is left out, null, or holds what does not belong there."""
    event: Json = json.loads(json.dumps(draw(st.sampled_from(draw(field_stories(1, 1)).events)), default=str))
    here: Any = event["body"] if "body" in event else event["data"]["object"]  # type: ignore[index]
    if draw(st.integers(0, 4)) == 0:
        return event
    while True:
        name = draw(st.sampled_from(sorted(here)))
        inside = here[name][0] if isinstance(here[name], list) and here[name] else here[name]
        if not isinstance(inside, dict) or not inside or draw(st.booleans()):
            break
        here = inside
    match draw(st.sampled_from(["left out", "null", "odd"])):
        case "left out":
            del here[name]
        case "null":
            here[name] = None
        case _:
            here[name] = draw(st.sampled_from(ODD))
    return event


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(event=trimmed())
def test_map_says_what_the_machine_says_of_any_body(event: Json) -> None:
    """Exit code, status, reason and its sentence, of whole bodies and of trimmed ones."""
    assert disagreement(json.dumps(event).encode()) is None


@pytest.mark.skipif(not REAL, reason="the real payloads are not here")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_map_says_what_the_machine_says_of_a_real_payload(path: Path) -> None:
    """As public repositories keep them."""
    assert disagreement(path.read_bytes()) is None
