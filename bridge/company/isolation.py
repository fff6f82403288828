"""A bug of ours that a micro-batch meets is cut down to the record that it needs; all others are posted as ever.

The plans are halved and the halves put into the books one after the other, so each keeps its order, and two that only
together meet the bug are posted apart. Only `InternalFault` is looked for, which pure code alone raises: nothing is
under way to QBO then, and what was written before it is in the index.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.planning.steps import StepId
from bridge.settlement.outcome import Outcome
from contracts.errors import InternalFault
from contracts.keys import SourceKey
from contracts.posting import PostingPlan, Version


@dataclass(frozen=True, slots=True)
class SettledPlans:
    """Plans that were settled: their outcomes in order, the writes credited to them, versions that no entity says."""

    outcomes: Sequence[Outcome] = ()
    versions: Mapping[SourceKey, Version] = field(default_factory=dict)
    written: frozenset[StepId] = frozenset()

    def __add__(self, later: SettledPlans) -> SettledPlans:
        """Both, one after the other."""
        return SettledPlans(
            (*self.outcomes, *later.outcomes), {**self.versions, **later.versions}, self.written | later.written
        )


Together = Callable[[Sequence[PostingPlan], Collection[StepId]], Awaitable[SettledPlans]]
"""Settles plans in one go; the writes that are told already belong to others."""


async def isolated(
    plans: Sequence[PostingPlan],
    together: Together,
    alone: Callable[[PostingPlan, InternalFault, Collection[StepId]], SettledPlans],
    credited: frozenset[StepId] = frozenset(),
) -> SettledPlans:
    """What `together` makes of `plans`; one that it cannot settle even by itself is what `alone` makes of it."""
    try:
        return await together(plans, credited)
    except InternalFault as fault:
        if len(plans) <= 1:
            return alone(plans[0], fault, credited)
    middle = len(plans) // 2
    first = await isolated(plans[:middle], together, alone, credited)
    # because a write has one record that it is credited to, the second half must not count those of the first again
    return first + await isolated(plans[middle:], together, alone, credited | first.written)
