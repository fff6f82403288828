"""What the write path must know of an entity; its rules are functions in the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.sandbox.wire import Doc

if TYPE_CHECKING:
    from bridge.sandbox.company import Company


def no_effects(_company: Company, _old: Doc | None, _new: Doc | None) -> None:
    """An entity that changes nothing but itself."""


def as_stored(_company: Company, doc: Doc) -> Doc:
    """An entity whose stored form is its answer."""
    return doc


def with_current_name(company: Company, doc: Doc) -> Doc:
    """A transaction whose customer was renamed since shows the new name."""
    reference = doc.get("CustomerRef")
    customer = company.tables["Customer"].get(reference["value"]) if reference else None
    if reference is None or customer is None or customer["FullyQualifiedName"] == reference.get("name"):
        return doc
    return {**doc, "CustomerRef": {**reference, "name": customer["FullyQualifiedName"]}}


def never_refuses(_company: Company, _doc: Doc) -> None:
    """An entity that any change may touch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a write said beside its values: the properties it named itself, whether it was sparse, its `include`."""

    named: frozenset[str] = frozenset()
    sparse: bool = False
    include: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityKind:
    """`build` makes the whole document from what was given (or faults); `effects` moves ledger, links and indexes."""

    name: str
    build: Callable[[Company, Doc, Doc | None, Ask], Doc]
    effects: Callable[[Company, Doc | None, Doc | None], None] = no_effects
    present: Callable[[Company, Doc], Doc] = as_stored
    guard: Callable[[Company, Doc], None] = never_refuses
    void: Callable[[Company, Doc], Doc] | None = None
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
