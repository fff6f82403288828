"""Every free text of an event is bounded here, once, whatever form it came in and whoever reads it later. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from contracts.envelope import Envelope
from contracts.errors import UndecodableRecord
from contracts.sizes import SHOWN_TEXT_MAX, cut_text

T = TypeVar("T")


def bounded(envelope: Envelope) -> Envelope:
    """`envelope` with no text longer than what is ever used of it: names 512 characters, texts of the body 4,000.

    A text that is cut ends in `…`, which no id, currency or code of a source holds, so it can never be taken for
    another one.
    """
    try:
        body, previous = _cut(envelope.body), _cut(envelope.previous)
    except RecursionError:
        raise UndecodableRecord("the value is nested too deeply") from None
    return replace(
        envelope,
        event_type=cut_text(envelope.event_type, SHOWN_TEXT_MAX),
        event_id=_name(envelope.event_id),
        account=_name(envelope.account),
        api_version=_name(envelope.api_version),
        body=body,
        previous=previous,
    )


def _name(text: str | None) -> str | None:
    return None if text is None else cut_text(text, SHOWN_TEXT_MAX)


def _cut(value: T) -> T:
    cut: object = value
    if isinstance(value, str):
        cut = cut_text(value)
    elif isinstance(value, Mapping):
        cut = {name: _cut(item) for name, item in value.items()}
    elif isinstance(value, list):
        cut = [_cut(item) for item in value]
    return cut  # type: ignore[return-value] # of the same shape
