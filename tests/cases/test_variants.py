"""Other samples of each handed kind: varied, and in one company with the others, told twice. Skipped without files."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

import pytest

from tests.cases.expected import NOT_YET
from tests.cases.files import Case, cases
from tests.cases.judging import problems, problems_at
from tests.cases.telling import as_told, company_of, tell, tell_events, ways
from tests.cases.varying import WAYS, ways_of

ALL = [case for case in cases() if case.ident not in NOT_YET]
DRAWS = 3
"""How often the kills of a case are drawn."""
needs_files = pytest.mark.skipif(not ALL, reason="the field cases are not here")
Told = tuple[int, int]
"""The numbers of a case and of one of its events."""


@needs_files
@pytest.mark.parametrize(
    ("case", "way"), [pytest.param(case, way, id=f"{case.ident}, {way}") for case in ALL for way in ways_of(case)]
)
async def test_a_variant_of_a_case_ends_as_the_case_does(case: Case, way: str) -> None:
    """What is right is computed from the case."""
    varied = WAYS[way](case)
    async with company_of(varied) as world:
        await tell(world, varied, as_told(varied))
        assert problems(world, varied, as_told(varied)) == []


@needs_files
@pytest.mark.parametrize("case", [pytest.param(case, id=case.ident) for case in ALL])
async def test_owners_that_are_killed_leave_a_case_as_it_is(case: Case) -> None:
    """Before any request of any micro-batch, one after the other too; what is told and in which order is drawn."""
    for seed in range(DRAWS):
        chance = random.Random(f"{case.ident} killed {seed}")  # noqa: S311 - no secret
        batches = chance.choice(ways(case))
        kills = [[chance.randrange(6) for _ in range(chance.choice((0, 1, 1, 2)))] for _ in batches]
        async with company_of(case) as world:
            for batch, killed in zip(batches, kills, strict=True):
                await tell_events(world, [case.events[number] for number in batch], kills=killed)
            assert (problems(world, case, batches), batches, kills) == ([], batches, kills)


def together(group: Sequence[Case]) -> Case:
    """One company in which all of them happen; each is judged alone."""
    first = group[0]
    setup = [step for case in group for step in case.body.get("setup", ())]
    return Case("together", first.kind, {**first.body, "setup": setup, "events": []})


def groups() -> list[Sequence[Case]]:
    """The cases that can happen in one company: same rules, same QuickBooks, and no failure that they share."""
    found: defaultdict[str, list[Case]] = defaultdict(list)
    for case in ALL:
        if not {"faults", "restart", "together"} & case.body.keys():
            same = [case.body["rules"], case.realm, case.body.get("alone")]
            found[json.dumps(same, sort_keys=True, default=str)].append(case)
    return [group for group in found.values() if len(group) > 1]


def riffled(group: Sequence[Case], chance: random.Random) -> list[Told]:
    """All events in a drawn order, those of a case whose order matters in theirs."""
    drawn = [number for number, case in enumerate(group) for _ in case.events]
    chance.shuffle(drawn)
    left: list[Iterator[int]] = []
    for case in group:
        order = list(range(len(case.events)))
        if case.any_order:
            chance.shuffle(order)
        left.append(iter(order))
    return [(number, next(left[number])) for number in drawn]


@needs_files
@pytest.mark.parametrize("size", [1, 25])
@pytest.mark.parametrize("group", [pytest.param(group, id=group[0].ident) for group in groups()])
async def test_cases_of_one_company_do_not_disturb_each_other(group: Sequence[Case], size: int) -> None:
    """Mixed, some in one micro-batch, then all of them once more: each has its books, the second time adds nothing."""
    if size > 1:
        group = [case for case in group if case.any_order]
    order = riffled(group, random.Random(f"{size}"))  # noqa: S311 - no secret
    offsets: list[dict[int, int]] = [{} for _ in group]
    for offset, (number, event) in enumerate(order):
        offsets[number][event] = offset
    async with company_of(together(group)) as world:
        for _ in range(2):
            for first in range(0, len(order), size):
                await tell_events(world, [group[number].events[event] for number, event in order[first : first + size]])
            found = {case.ident: problems_at(world, case, at) for case, at in zip(group, offsets, strict=True)}
            assert {ident: said for ident, said in found.items() if said} == {}
