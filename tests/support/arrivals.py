"""How events arrive: in any order, some of them twice, in micro-batches of any size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

Event = TypeVar("Event")
"""What arrives: an event, or the short name of one."""


@st.composite
def arrivals(draw: st.DrawFn, events: Sequence[Event]) -> list[list[Event]]:
    """The events in any order, some of them twice, in micro-batches."""
    again = draw(st.lists(st.integers(0, len(events) - 1), max_size=3))
    order = draw(st.permutations([*range(len(events)), *again]))
    return draw(micro_batches([events[number] for number in order]))


@st.composite
def micro_batches(draw: st.DrawFn, events: Sequence[Event]) -> list[list[Event]]:
    """The events as they come, in micro-batches."""
    found: list[list[Event]] = [[]]
    for event in events:
        apart = draw(st.booleans())
        if found[-1] and apart:
            found.append([])
        found[-1].append(event)
    return found
