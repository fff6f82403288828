"""What the write path must know of an entity; its rules are functions in the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from bridge.sandbox.wire import Doc

State = TypeVar("State")  # the company; a parameter, because the company itself is made of kinds


def no_effects(_company: object, _old: Doc | None, _new: Doc | None) -> None:
    """An entity that changes nothing but itself."""


def as_stored(_company: object, doc: Doc) -> Doc:
    """An entity whose stored form is its answer."""
    return doc


def never_refuses(_company: object, _doc: Doc) -> None:
    """An entity that any change may touch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a write said beside its values: the properties it named itself, whether it was sparse, its `include`."""

    named: frozenset[str] = frozenset()
    sparse: bool = False
    include: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityKind(Generic[State]):
    """`build` makes the whole document from what was given (or faults); `effects` moves ledger, links and indexes."""

    name: str
    build: Callable[[State, Doc, Doc | None, Ask], Doc]
    effects: Callable[[State, Doc | None, Doc | None], None] = no_effects
    present: Callable[[State, Doc], Doc] = as_stored
    guard: Callable[[State, Doc], None] = never_refuses
    void: Callable[[State, Doc], Doc] | None = None
    sequence: str
    transaction: bool = False
    creatable: bool = True
    updatable: bool = True
    signed: bool = False
    changes_tracked: bool = True
    name_property: str = "Name"
    filters: frozenset[str] = frozenset()
    sorts: frozenset[str] = frozenset()


def words(text: str) -> frozenset[str]:
    """A set of property names from one string."""
    return frozenset(text.split())
