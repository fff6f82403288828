"""The money that a person entered for an order is counted once, however the source tells it and whenever."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.entered import BY_NUMBER, keyed, paid_by_hand
from tests.support.orders import bought, transaction
from tests.support.world import World, opened

FIRST, SECOND = 9455001122301, 9455001122302


def money(ident: int, amount: str) -> dict[str, object]:
    """A transaction of the order."""
    return transaction(id=ident, admin_graphql_api_id=None, amount=amount)


def paid(acme: World) -> list[Decimal]:
    """The live payments by amount."""
    return sorted(row["TotalAmt"] for row in acme.held("Payment") if row["TotalAmt"])


@pytest.mark.parametrize("together", [True, False], ids=["in one micro-batch", "one by one"])
@pytest.mark.parametrize(
    ("entered", "told"),
    [
        (["42.90"], ["20.00", "22.90"]),
        (["20.00", "22.90"], ["42.90"]),
        (["10.00", "12.90", "20.00"], ["22.90", "20.00"]),
        (["30.00", "12.90"], ["22.90", "20.00"]),
    ],
    ids=["one for two", "two for one", "three for two", "two for two others"],
)
async def test_entries_stand_together_for_what_the_source_tells(
    entered: list[str], told: list[str], *, together: bool
) -> None:
    """Nothing is booked twice, not after restarts either. Guard: what stand-ins hold together in `_with_room`."""
    async with opened() as acme:
        mine = await keyed(acme, **BY_NUMBER)
        for amount in entered:
            await paid_by_hand(acme, mine, amount)
        await acme.restart()
        events = [bought(0), *(money(FIRST + at, amount) for at, amount in enumerate(told))]
        for batch in [events] if together else [[event] for event in events]:
            await acme.tell(*batch)
            await acme.restart()
        before = acme.written()
        await acme.tell(*events)
        assert paid(acme) == sorted(map(Decimal, entered))
        assert acme.written() == before
