"""What a person calls an order, and how the rules compare it with documents of the books that are not ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

MatchingMode = Literal["adopt", "report", "off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderName:
    """An order as people name it: its `name` without a leading `#`, its `number`, and the `shop` that it is of."""

    name: str
    number: str | None = None
    shop: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """The rules of `[matching]`: what becomes of what is certain, how notes name orders, how far dates may differ.

    `days` count either way, inclusive. `generic_names` are customers that stand for anybody, beside the usual words.
    """

    mode: MatchingMode = "adopt"
    note_patterns: tuple[re.Pattern[str], ...] = ()
    days: int = 7
    generic_names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's word on an order: it is the document of this type and Id, or with None none of them."""

    entity: str | None = None
    id: str | None = None

    @property
    def place(self) -> tuple[str, str] | None:
        """The type and the Id of the document, None where none is the order."""
        return (self.entity, self.id) if self.entity is not None and self.id is not None else None
