"""The handed field cases: files that say what a source sent and what the books must hold; no part of the project."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from mappings.rules import MappingRules
from tests.support.corpus import CORPUS

CASES = CORPUS.parent / "cases"
DONE = frozenset({"posted", "already_posted", "superseded", "ignored"})
"""What an event may end as where its case says nothing else."""


@dataclass(frozen=True, slots=True)
class Case:
    """One file, as it is written."""

    ident: str
    kind: str
    body: Mapping[str, Any]

    @property
    def events(self) -> Sequence[Mapping[str, Any]]:
        """What is told, in the order in which it happened."""
        events: Sequence[Mapping[str, Any]] = self.body["events"]
        return events

    @property
    def realm(self) -> Mapping[str, Any]:
        """How QuickBooks behaves."""
        realm: Mapping[str, Any] = self.body.get("realm", {})
        return realm

    @property
    def any_order(self) -> bool:
        """Whether the truth does not depend on the order of arrival."""
        return bool(self.body.get("any_order"))

    @property
    def dead_letter_reasons(self) -> frozenset[str]:
        """The reasons with which an event may be a dead letter."""
        return frozenset(self.body["expect"].get("dead_letter_allowed", {}).get("reasons", ()))

    @property
    def documents(self) -> Mapping[str, Mapping[str, Any]]:
        """What the books must hold, by document."""
        documents: Mapping[str, Mapping[str, Any]] = self.body["expect"]["documents"]
        return documents

    def rules(self) -> MappingRules:
        """The company's rules; a rule that the product does not know is an error of pydantic's."""
        table = dict(self.body.get("rules", {}))
        if "books_start" in table:
            table["books_start"] = date.fromisoformat(table["books_start"])
        return MappingRules.model_validate(table).for_company(
            shop_domains=("acme.myshopify.com",), livemode_required=False
        )


def cases() -> list[Case]:
    """All that are here, none where the folder is not."""
    found = (json.loads(path.read_text(), parse_float=Decimal) for path in sorted(CASES.glob("*.json")))
    return [Case(each["id"], each["kind"], each) for each in found]
