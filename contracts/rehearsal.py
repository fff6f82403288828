"""What a rehearsal would have sent, for whoever says what a run would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.entities import EntityName
from contracts.keys import SourceKey
from contracts.posting import Operation

FIRST_ID = 10**15
"""Ids that QBO does not give, because nothing that only a rehearsal has created may ever be looked up there."""


def is_rehearsed(ident: str) -> bool:
    """Whether this is the Id of what only a rehearsal has created."""
    return ident.isdigit() and int(ident) >= FIRST_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedWrite:
    """One write: the entity and the Id that it changes or was given here, the document it is for, and the body.

    `rests_on` is the SyncToken that it was planned on, None for what is created; `sale` is entity, Id and SyncToken of
    the sale that money, a credit or a refund goes with. `part` tells apart what shares a key.
    """

    entity: EntityName
    ident: str
    key: SourceKey
    part: str
    operation: Operation
    sent: Mapping[str, Any]
    rests_on: str | None
    sale: tuple[str, str, str] | None = None

    @property
    def place(self) -> tuple[EntityName, str]:
        """Which entity it is."""
        return self.entity, self.ident

    @property
    def name(self) -> str:
        """The entity by what it stands for: the same in each rehearsal, whatever Id it is given there."""
        return f"{self.entity.lower()} {self.key}" + (f" ({self.part})" if self.part else "")
