"""Some stories of the field on one day, drawn: in which order they are told, and what they leave in the books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from contracts.results import Result
from tests.ledger.field_stories import field_stories
from tests.ledger.told_orders import FieldStory, Nets
from tests.support.orders import Json
from tests.support.world import World

STORIES = 4
SURE = {"posted", "already_posted", "superseded", "ignored"}


@dataclass(frozen=True, slots=True)
class Day:
    """What happened, and how it was told: the numbers of the events of all stories, in micro-batches."""

    told: tuple[FieldStory, ...]
    batches: tuple[tuple[int, ...], ...]

    def events(self) -> list[list[Json]]:
        """The events by micro-batch."""
        every = [each for story in self.told for each in story.events]
        return [[every[number] for number in batch] for batch in self.batches]


@st.composite
def days(draw: st.DrawFn, first: Callable[[int, int], st.SearchStrategy[FieldStory]]) -> Day:
    """Some stories of one buyer or of several, the first of this kind; their events in any order, some of them twice.

    Because QuickBooks puts open credits on other invoices of their customer, orders of one buyer meddle.
    """
    buyers = draw(st.integers(1, STORIES))
    others = (draw(field_stories(number, number % buyers)) for number in range(2, STORIES + 1))
    told = (draw(first(1, 1 % buyers)), *others)
    count = sum(len(story.events) for story in told)
    again = draw(st.lists(st.integers(0, count - 1), max_size=3))
    batches: list[list[int]] = [[]]
    for number in _in_order(told, draw(st.permutations([*range(count), *again]))):
        apart = draw(st.booleans())
        if batches[-1] and apart:
            batches.append([])
        batches[-1].append(number)
    return Day(told, tuple(map(tuple, batches)))


def _in_order(told: Sequence[FieldStory], numbers: Sequence[int]) -> list[int]:
    """The numbers as drawn, those of stories that are told in order sorted on the places that they have."""
    found, first = list(numbers), 0
    for story in told:
        own = range(first, first + len(story.events))
        first = own.stop
        if story.in_order:
            places = [place for place, number in enumerate(found) if number in own]
            for place, number in zip(places, sorted(found[place] for place in places), strict=True):
                found[place] = number
    return found


def refused(world: World) -> list[Result]:
    """What did not end well; a refund whose goods and money differ is a dead letter, and its order books it."""
    last = [told[-1] for told in world.results.values()]
    unexplained = {"refunds/create": "unbalanced"}
    return [
        each
        for each in last
        if each.status not in SURE
        and not (each.reason and unexplained.get(each.source.event_type or "") == each.reason.code)
    ]


def expected_nets(told: Sequence[FieldStory]) -> Nets:
    """What all that happened comes to, by kind of account."""
    found: Nets = defaultdict(Decimal)
    for story in told:
        for kind, amount in story.nets.items():
            found[kind] += amount
    return {kind: amount for kind, amount in found.items() if amount}
