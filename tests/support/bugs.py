"""Bugs of ours, put into each pure step that a record goes through: it raises for the documents that are named."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import pytest

from bridge.company import endings, parked, pipeline
from bridge.decoding import decision
from bridge.posting import poster, wave_binding
from bridge.settlement.reporting import Reporter

SECRET = "mira@example.com"
"""What a payload holds, and a bug's exception may quote."""

ERRORS: tuple[Callable[[], Exception], ...] = (
    lambda: KeyError(SECRET),
    lambda: ZeroDivisionError(SECRET),
    lambda: RecursionError(SECRET),
    lambda: UnicodeEncodeError("utf-8", SECRET, 0, 1, SECRET),
    AssertionError,
    lambda: type("Strange", (Exception,), {})(SECRET),
)


@dataclass(frozen=True)
class Step:
    """A function of ours, and which part of its arguments tells whom it works for."""

    owner: object
    name: str
    about: Callable[..., object] = lambda first, *_, **__: first


STEPS: dict[str, Step] = {
    "decoding": Step(decision, "decode_record"),
    "mapping": Step(decision, "map_event"),
    "planning": Step(pipeline, "schedule"),
    "binding": Step(poster, "bind_wave"),
    "packing": Step(wave_binding, "pack"),
    "crediting": Step(pipeline, "_written_for"),
    "settling": Step(pipeline, "outcome_of"),
    "ending": Step(endings, "document_key", lambda mapped: mapped.envelope),
    "reporting": Step(Reporter, "_result", lambda _, mapped, *__: mapped.envelope),
    "waking": Step(parked, "speaks_of"),
}
"""Every step that only computes, in the order in which a record meets them."""


def break_step(
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    documents: Collection[object],
    error: Callable[[], Exception] = ERRORS[0],
    *,
    together: bool = False,
) -> None:
    """From now on `step` fails for what holds one of these ids; `together`: only for what holds all of them."""
    place = STEPS[step]
    original = getattr(place.owner, place.name)

    @functools.wraps(original)
    def broken(*arguments: Any, **options: Any) -> Any:
        said = repr(place.about(*arguments, **options))
        if (all if together else any)(str(each) in said for each in documents):
            raise error()
        return original(*arguments, **options)

    monkeypatch.setattr(place.owner, place.name, broken)
