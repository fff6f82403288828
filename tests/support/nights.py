"""A job each night, shortly after the company's midnight: what `verify` says of yesterday, against what was done.

A false alarm is a document that is named though nothing was done to it, a false green one that is not named though
something was.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bridge.commands.verify.command import Report
from bridge.reconciliation.documents import DIFFERS
from tests.support.seeded import Named
from tests.support.seeded_faults import FAULTS
from tests.support.week import DAYS, Happening, SeededFault, Week, live_day, opened_week, seeding
from tests.support.week_happenings import (
    HAPPENINGS,
    UNCONSUMED,
    changed_a_day_later,
    placed,
    placed_and_paid,
    placed_for_later,
)
from tests.support.yesterday import differing

AFTER_MIDNIGHT = timedelta(minutes=5)
HAPPENINGS_A_DAY = 8
FAULTS_A_WEEK = 10


@dataclass(slots=True)
class Tally:
    """What was looked at, and what was said wrongly of it."""

    seed: int = 0
    reports: int = 0
    """One a night, and at the end one of each day again and one of the week."""
    documents: int = 0
    named: int = 0
    not_reached: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    false_alarms: list[str] = field(default_factory=list)
    false_greens: list[str] = field(default_factory=list)


async def week_of_nights(seed: int, *, faults: int) -> Tally:
    """A drawn week with so many faults, judged each night, and at its end day by day and as a whole."""
    draw, tally = random.Random(seed), Tally(seed)  # noqa: S311 - a story, no secret
    async with opened_week(draw) as week:
        for happenings in _drawn_days(draw, faults):
            await _morning(week)
            await live_day(week, happenings)
            await _evening(week)
            await week.pass_to(week.midnight(week.today + timedelta(days=1)) + AFTER_MIDNIGHT)
            report = await week.report(week.today, week.today)
            _count(tally, report, _of_day(week.faults, week.today, week.now), week.faults, f"{seed} {week.today}")
            week.today += timedelta(days=1)
        await _morning(week)
        # because a day that is judged again later was followed by cancellations, refunds and money of its orders
        for number in range(DAYS):
            day = week.first + timedelta(days=number)
            report = await week.report(day, day)
            _count(tally, report, _of_day(week.faults, day, week.now), week.faults, f"{seed} {day} again")
        last = week.today - timedelta(days=1)
        report = await week.report(week.first, last)
        _count(
            tally, report, [each for each in week.faults if each.wrong_since <= week.now], week.faults, f"{seed} week"
        )
        tally.false_alarms += _on_wrong_days(report, week.faults, f"{seed} week")
        tally.happened = week.happened
        tally.faults = Counter(each.name for each in week.faults)
    return tally


def _drawn_days(draw: random.Random, faults: int) -> Iterator[list[Happening]]:
    seeded = [seeding(each) for each in draw.sample(FAULTS, faults)]
    for number in range(DAYS):
        happenings = [placed, placed_and_paid, *draw.choices(HAPPENINGS, k=HAPPENINGS_A_DAY), *seeded[number::DAYS]]
        draw.shuffle(happenings)
        yield [*happenings, *((changed_a_day_later, placed_for_later) if faults else ())]


async def _evening(week: Week) -> None:
    """QuickBooks or the owner is away: what is told late lies on the topic, or is booked and not committed."""
    topic, happenings = week.topic, week.draw.choices(UNCONSUMED, k=week.draw.randint(0, 3))
    topic.held = []
    for happens in happenings:
        await happens(week)
        week.happened[f"not consumed: {happens.__name__}"] += 1
    if topic.held and week.draw.random() < 0.5:
        # because an owner that is killed before its transaction has booked what nobody has consumed
        await topic.world.company.process(tuple(topic.held))
        week.happened["killed before the commit"] += 1
        week.is_down = True
        if week.draw.random() < 0.5:
            await _started(week)


async def _started(week: Week) -> None:
    """Another process takes over, and has neither consumed anything yet nor had a quiet moment."""
    if week.is_down:
        week.is_down = False
        await week.topic.world.restart()


async def _morning(week: Week) -> None:
    """What lay there is consumed, and what waited too long has ended."""
    held, week.topic.held = week.topic.held, None
    await _started(week)
    if held:
        await week.topic.world.process(tuple(held))
    await week.topic.world.idle()


def _of_day(faults: Sequence[SeededFault], day: date, now: datetime) -> list[SeededFault]:
    return [each for each in faults if each.told_on == day and each.wrong_since <= now]


def _count(tally: Tally, report: Report, must: Sequence[SeededFault], may: Sequence[SeededFault], where: str) -> None:
    found = {(each.entity, str(each.key), each.verdict.value): each.why for each in differing(report)}
    tally.reports += 1
    tally.documents += len(report.documents)
    tally.not_reached += report.not_reached
    tally.named += len(found)
    allowed = {named for each in may for named in said_as(each.named)}
    tally.false_alarms += [f"{where}: {named} {why}" for named, why in found.items() if named not in allowed]
    missed = [each for each in must if not said_as(each.named) & found.keys()]
    tally.false_greens += [f"{where}: {each.name} {each.named}" for each in missed]
    if report.verdict != ("differs" if found else "clean"):
        tally.false_greens.append(f"{where}: {report.verdict} with {len(found)} named")


def said_as(named: Named) -> set[Named]:
    """What was deleted is missing until the bridge has seen it, and then a person's deletion."""
    entity, key, verdict = named
    return {named, (entity, key, "voided")} if verdict == "missing" else {named}


def _on_wrong_days(report: Report, faults: Sequence[SeededFault], where: str) -> list[str]:
    """Documents that the report by days names on another day than that on which they were told."""
    days = {each.named[:2]: each.told_on for each in faults}
    found = [(each, day.day) for day in report.days for each in day.documents if each.verdict in DIFFERS]
    return [
        f"{where}: {each.key} on {day}"
        for each, day in found
        if day is not None and days.get((each.entity, str(each.key)), day) != day
    ]
