"""Every free text of an event is bounded here, once, whatever form it came in and whoever reads it later. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from contracts.envelope import Envelope
from contracts.errors import UndecodableRecord
from contracts.sizes import BODY_TEXT_MAX, SHOWN_TEXT_MAX, cut_text

T = TypeVar("T")
DEPTH_MAX = 200
"""Levels of a body. The deepest that a source sends has about ten."""


def bounded(envelope: Envelope) -> Envelope:
    """`envelope` with no text longer than what is ever used of it: names 512 characters, texts of the body 4,000.

    A text that is cut ends in `…`, which no id, currency or code of a source holds, so it can never be taken for
    another one. UndecodableRecord where either is nested deeper than 200 levels.
    """
    return replace(
        envelope,
        event_type=cut_text(envelope.event_type, SHOWN_TEXT_MAX),
        event_id=_name(envelope.event_id),
        account=_name(envelope.account),
        api_version=_name(envelope.api_version),
        body=_bounded(envelope.body),
        previous=_bounded(envelope.previous),
    )


def _name(text: str | None) -> str | None:
    return None if text is None else cut_text(text, SHOWN_TEXT_MAX)


def _bounded(value: T) -> T:
    """Copied only where a text is too long, which hardly ever happens."""
    return _cut(value) if _has_long_text(value) else value


def _has_long_text(value: object) -> bool:
    """Is one of the texts in `value`, plain JSON, longer than is ever used of it? Level by level, each once."""
    found, level = False, [value]
    for _ in range(DEPTH_MAX):
        nested: list[object] = []
        for item in level:
            kind = type(item)  # because JSON makes these very types, and asking for the type is what costs here
            if kind is str:
                found = found or len(item) > BODY_TEXT_MAX  # type: ignore[arg-type]
            elif kind is dict:
                nested += item.values()  # type: ignore[attr-defined]
            elif kind is list:
                nested += item  # type: ignore[arg-type]
        if not nested:
            return found
        level = nested
    raise UndecodableRecord("the value is nested too deeply")


def _cut(value: T) -> T:
    cut: object = value
    if isinstance(value, str):
        cut = cut_text(value)
    elif isinstance(value, dict):
        cut = {name: _cut(item) for name, item in value.items()}
    elif isinstance(value, list):
        cut = [_cut(item) for item in value]
    return cut  # type: ignore[return-value] # of the same shape
