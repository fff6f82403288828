"""What planning is told of orders that are there already: the rules, people's decisions, what is in doubt. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.keys import SourceKey
from contracts.matching import Decision, Matching


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyThere:
    """The rules of one company, what people decided of its orders, and which orders are in doubt, with the reason."""

    matching: Matching = field(default_factory=lambda: Matching(mode="off"))
    decisions: Mapping[SourceKey, Decision] = field(default_factory=dict)
    doubts: Mapping[SourceKey, str] = field(default_factory=dict)


NOTHING_THERE = AlreadyThere()
