"""Which function maps which event; the one door into the accounting decisions.

A mapping is a pure function of an envelope and the rules, registered by `@maps`. Types that exist but are not mapped
yet are registered too, so that "not mapped yet" and "never heard of" are different answers.
"""

from __future__ import annotations

from collections.abc import Callable

from contracts.envelope import Envelope
from contracts.posting import Ignored, PostingPlan
from mappings.documents import document_of, why_not_real
from mappings.rules import MappingRules

Mapping = Callable[[Envelope, MappingRules], PostingPlan | Ignored]
Key = tuple[str, str]

_MAPPINGS: dict[Key, Mapping] = {}


class DuplicateMapping(ValueError):
    """Two mappings claim one event type."""


def maps(system: str, *event_types: str) -> Callable[[Mapping], Mapping]:
    """Register the decorated function for these event types; DuplicateMapping when one of them is taken."""

    def register(mapping: Mapping) -> Mapping:
        new: dict[Key, Mapping] = {}
        for event_type in event_types:
            if (system, event_type) in _MAPPINGS or (system, event_type) in new:
                raise DuplicateMapping(f"{system} {event_type} is mapped twice")
            new[system, event_type] = mapping
        _MAPPINGS.update(new)
        return mapping

    return register


def mapped_types() -> tuple[Key, ...]:
    """Every (system, event type) that is registered, in order."""
    return tuple(sorted(_MAPPINGS))


def map_event(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """What `envelope` puts into the books. RecordError when it never can; tests are judged before any arithmetic."""
    mapping = _MAPPINGS.get((envelope.system, envelope.event_type))
    if mapping is None:
        return Ignored(code="unknown_type", message=f"no mapping knows {envelope.system} events of this type")
    why = why_not_real(envelope, rules)
    if why is not None:
        return Ignored(code="test_event", message=why, document=document_of(envelope))
    return mapping(envelope, rules)
