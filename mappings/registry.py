"""Which function maps which event; the one door into the accounting decisions.

A mapping is a pure function of an envelope and the rules, registered by `@maps`. Types that exist but are not mapped
yet are registered too, so that "not mapped yet" and "never heard of" are different answers.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Table

from contracts.envelope import Envelope
from contracts.errors import UndecodableRecord
from contracts.marker import TRANSACTIONS
from contracts.posting import Caution, Ignored, PostingPlan
from contracts.results import THIN_EVENT
from contracts.sizes import KEY_BYTES_MAX
from mappings.customers import SHARED, is_only_a_shared_customer
from mappings.documents import document_of, reason_of_test_event
from mappings.privacy import kept_private
from mappings.rules import MappingRules
from mappings.said import with_said
from mappings.start import after_start

Mapping = Callable[[Envelope, MappingRules], PostingPlan | Ignored]
Reader = Callable[[Table[str, str], Table[str, object]], Envelope | None]
Key = tuple[str, str]

_MAPPINGS: dict[Key, Mapping] = {}
_READERS: list[Reader] = []


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


def reads(reader: Reader) -> Reader:
    """Register a function that knows another source's deliveries when it sees them.

    It is given the headers (lower case, `-`) and the parsed body, and gives the event, or None for a stranger's. Events
    that come as CloudEvents of type `com.<system>.<event type>` are read without.
    """
    _READERS.append(reader)
    return reader


def read_by_source(headers: Table[str, str], body: Table[str, object]) -> Envelope | None:
    """The event as the first registered reader that knows it reads it, None when none does."""
    found = (reader(headers, body) for reader in _READERS)
    return next((envelope for envelope in found if envelope is not None), None)


def systems() -> frozenset[str]:
    """The sources that have a mapping."""
    return frozenset(system for system, _ in _MAPPINGS)


def mapped_types() -> tuple[Key, ...]:
    """Every (system, event type) that is registered, in order."""
    return tuple(sorted(_MAPPINGS))


THIN = (
    "a thin event names its object and does not hold it, so nothing of it can be booked: "
    "set the event destination in Stripe to snapshot payloads"
)


def _unknown(envelope: Envelope) -> Ignored:
    """Nothing is known of the type; Stripe's thin events (`v1.…`, `v2.…`) are told apart, as they lose every sale."""
    if envelope.system == "stripe" and envelope.event_type.startswith(("v1.", "v2.")):
        return Ignored(code="unknown_type", message=THIN, warnings=(Caution(THIN_EVENT, THIN),))
    return Ignored(code="unknown_type", message=f"no mapping knows {envelope.system} events of this type")


def map_event(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """What `envelope` puts into the books. RecordError when it never can; tests are judged before any arithmetic."""
    mapping = _MAPPINGS.get((envelope.system, envelope.event_type))
    if mapping is None:
        return _unknown(envelope)
    why = reason_of_test_event(envelope, rules)
    if why is not None:
        return Ignored(code="test_event", message=why, document=document_of(envelope))
    rules = rules.of_event(envelope.system, envelope.account)
    decision = mapping(envelope, rules)
    _refuse_long_ids(decision)
    if isinstance(decision, PostingPlan) and is_only_a_shared_customer(decision, rules):
        return Ignored(code="skipped_by_rule", message=SHARED, document=decision.document)
    if not isinstance(decision, PostingPlan):
        return decision
    said = with_said(decision, mapping, envelope, rules)
    return after_start(kept_private(said, rules), rules)


def _refuse_long_ids(decision: PostingPlan | Ignored) -> None:
    """UndecodableRecord for a document whose key is longer than what is recorded of any document."""
    keys = {decision.document}
    if isinstance(decision, PostingPlan):
        keys |= {decision.lane, *(step.key for step in decision.steps if step.entity in TRANSACTIONS)}
    if any(len(str(key).encode()) > KEY_BYTES_MAX for key in keys if key is not None):
        raise UndecodableRecord(f"an id in it is longer than any source's: a document's key has {KEY_BYTES_MAX} bytes")
