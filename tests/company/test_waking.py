"""Waking by what is waited for ends as looking at everything each time would: the same results, the same books."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.company.waiting_room import WaitingRoom
from contracts.keys import SourceKey
from contracts.records import RecordId
from tests.support.orders import (
    ORDER_ID,
    RULES,
    Json,
    charge,
    intent,
    line,
    order,
    shopify_event,
    stripe_event,
    transaction,
)
from tests.support.stripe_objects import payout, refund, row
from tests.support.world import World, opened

EXAMPLES = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
QUIET = 6
"""Idle ticks in which everything that is due is looked at."""


class EverythingEachTime(WaitingRoom):
    """What waits is looked at on every occasion."""

    def touched(self, keys: Iterable[SourceKey]) -> list[RecordId]:  # noqa: ARG002 - whoever it is about
        return sorted(self._events, key=lambda place: (self._events[place].since, place))

    def due(self, now: datetime, limit: int) -> list[RecordId]:  # noqa: ARG002 - as often as there is time
        return self.touched(())


@dataclass(frozen=True)
class WakingStory:
    """What happens, micro-batch by micro-batch; an empty one is a restart. `waits_for_ever` events stay parked."""

    batches: tuple[tuple[Json, ...], ...]
    waits_for_ever: int


@st.composite
def stories(draw: st.DrawFn) -> WakingStory:
    """Orders and charges, some of which never come, the money and refunds of all, and the payout that carries them."""
    events: list[Json] = []
    comes: bool
    waits = 0
    for number in range(draw(st.integers(1, 3))):
        comes, times = draw(st.booleans()), draw(st.integers(1, 2))
        money = [_money(number, part) for part in range(times)]
        events += [*money, *([_order(number)] if comes else [])]
        waits += 0 if comes else len(money)
    rows: list[Json] = []
    all_come = True
    for number in range(draw(st.integers(0, 2))):
        comes, told = draw(st.booleans()), draw(st.sampled_from(["charge", "intent", "both"]))
        events += _charge(number, told) if comes else []
        all_come = all_come and comes
        rows.append(row("charge", 2500, _charge_id(number), 100))
        if draw(st.booleans()):
            events.append(_refund(number))
            rows.append(row("refund", -1000, f"re_{number}"))
            waits += 0 if comes else 1
    if draw(st.booleans()) and rows:
        net = sum(int(str(each["net"])) for each in rows)
        events.append(stripe_event("payout.paid", payout(net, rows)))
        waits += 0 if all_come else 1
    shuffled = draw(st.permutations(events))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=5)))
    edges = pairwise([0, *cuts, len(shuffled)])
    return WakingStory(tuple(tuple(shuffled[start:end]) for start, end in edges), waits)


def _order(number: int) -> Json:
    body = order(
        [line("21.45", 2)],
        id=ORDER_ID + number,
        admin_graphql_api_id=None,
        name=f"#{3000 + number}",
        financial_status="pending",
    )
    return shopify_event("orders/create", body)


def _money(number: int, part: int) -> Json:
    body = transaction(
        id=9_000_000 + 10 * number + part, admin_graphql_api_id=None, order_id=ORDER_ID + number, amount="10.00"
    )
    return shopify_event("order_transactions/create", body)


def _charge_id(number: int) -> str:
    return f"ch_3RqPm2Lk81XcQw0A1NUMBER{number}"


def _charge(number: int, told: str) -> list[Json]:
    ident, pi = _charge_id(number), f"pi_3RqPm2Lk81XcQw0A1NUMBER{number}"
    charged = stripe_event("charge.succeeded", charge(id=ident, payment_intent=pi))
    ended = stripe_event("payment_intent.succeeded", intent(id=pi, latest_charge=ident))
    return {"charge": [charged], "intent": [ended], "both": [charged, ended]}[told]


def _refund(number: int) -> Json:
    pi = f"pi_3RqPm2Lk81XcQw0A1NUMBER{number}"
    return stripe_event("refund.created", refund(1000, f"re_{number}", charge=_charge_id(number), payment_intent=pi))


async def lived(
    story: WakingStory, room: WaitingRoom | None, *, waiting_bytes: int
) -> tuple[list[str], dict[str, Decimal]]:
    """The last status of each record, and the trial balance."""
    async with opened(RULES, room=room, waiting_bytes=waiting_bytes) as world:
        for batch in story.batches:
            await (world.deliver(*batch) if batch else world.restart())
        await quiet(world)
        return world.statuses(), world.trial_balance()


async def quiet(world: World) -> None:
    for _ in range(QUIET):
        await world.idle()


@EXAMPLES
@given(story=stories(), waiting_bytes=st.sampled_from([1, 10_000, 2**26]))
async def test_what_is_woken_is_what_looking_at_everything_would_settle(story: WakingStory, waiting_bytes: int) -> None:
    """However much of it is in memory; and only the money of what never came goes on waiting."""
    woken = await lived(story, None, waiting_bytes=waiting_bytes)
    everything = await lived(story, EverythingEachTime(timedelta(hours=72)), waiting_bytes=2**26)
    assert woken == everything
    assert woken[0].count("waiting") == story.waits_for_ever
