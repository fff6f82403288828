"""What planning is told of orders that are there already: the rules, people's decisions, what is in doubt. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bridge.index.posted import Posted
from bridge.matching.orders import NO_ORDERS_AHEAD, OrdersAhead
from contracts.keys import SourceKey
from contracts.matching import Decision, Matching


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyThere:
    """The rules of one company, what people decided of its orders, and which orders are in doubt, with the reason.

    `ahead` are the orders of the range that is being read again, none where events are booked as they come.
    """

    matching: Matching = field(default_factory=lambda: Matching(mode="off"))
    decisions: Mapping[SourceKey, Decision] = field(default_factory=dict)
    doubts: Mapping[SourceKey, str] = field(default_factory=dict)
    ahead: OrdersAhead = NO_ORDERS_AHEAD


NOTHING_THERE = AlreadyThere()
ONLY_REPORTED = "it is there, and matching.mode is report"


def in_doubt(documents: Iterable[Posted], why: str) -> str:
    """The sentence for people: `why`, and the documents that it is about, each as `invoice/145`."""
    named = ", ".join(f"{each.entity.lower()}/{each.id}" for each in documents)
    return f"{why}: {named}" if named else why
