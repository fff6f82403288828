"""Whatever stands in memos: nothing raises, nothing is written twice, and nothing of a stranger's is touched.

Every document has its memo edited, and then its events come again and go on. What is in the books at the end is what is
there when nobody has touched a memo. `make test` edits some hundreds of memos, `make fuzz` more than 10,000.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from contracts.marker import TRANSACTIONS
from contracts.results import Result
from contracts.sizes import RESULT_BYTES_MAX
from tests.support.memos import hostile_memo
from tests.support.orders import ORDER_ID, Json, bought, charge, handed_back, refund, stripe_event, transaction
from tests.support.samples import CANCELLED, OWED
from tests.support.seals import SEAL
from tests.support.shop_payouts import row, told
from tests.support.sizes import examples
from tests.support.world import World, opened

SEEDS = range(1, 1 + examples(6))
ORDERS = range(24)
STRANGERS = 12
Amounts = dict[tuple[str, str], tuple[Decimal, Decimal | None]]
"""Total and balance of what stands under a type and an Id."""


@pytest.mark.parametrize("seed", SEEDS)
async def test_memos_that_are_cleared_copied_or_damaged_change_nothing(seed: int) -> None:
    """The same results and books as without them, after a look and after a restart. Guard: the record of Ids."""
    expected = await lived(None, restart=bool(seed % 2))
    assert await lived(chance_of(seed), restart=bool(seed % 2)) == expected, f"seed {seed}"


@pytest.mark.parametrize("seed", SEEDS)
async def test_facts_that_somebody_edits_in_a_signed_marker_change_nothing(seed: int) -> None:
    """The same results and books as without them. Guards: `Identities.written`, bounded readers."""
    expected = await lived(None, restart=bool(seed % 2))
    assert await lived(chance_of(seed), restart=bool(seed % 2), facts=True) == expected, f"seed {seed}"


def chance_of(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a test's, not a secret's


async def lived(chance: random.Random | None, *, restart: bool, facts: bool = False) -> tuple[list[str], Amounts]:
    """What the second half of the story ends as, and the books after it; `chance` edits all memos in between."""
    async with opened() as acme:
        await acme.tell(*first_half())
        theirs = [await of_a_stranger(acme, number) for number in range(STRANGERS)]
        await edit_memos(acme, chance, theirs, facts=facts)
        if not restart:
            return await ended(acme, theirs)
    async with opened(after=acme) as later:
        return await ended(later, theirs)


async def ended(acme: World, theirs: list[str]) -> tuple[list[str], Amounts]:
    await acme.look()
    before = {ident: deepcopy(acme.sandbox.company().tables["Invoice"][ident]) for ident in theirs}
    results = [result for body in second_half() for result in await acme.tell(body)]
    assert acme.largest_result <= RESULT_BYTES_MAX
    assert {ident: acme.sandbox.company().tables["Invoice"][ident] for ident in theirs} == before
    assert set(Counter(each.source.offset for each in results).values()) == {1}
    return [said(each) for each in results], amounts(acme)


def first_half() -> Iterator[Json]:
    """Sales of all kinds: paid, owed, paid by card and gift card, of Stripe, refunded, paid out."""
    for number in ORDERS:
        yield bought(number) if number % 2 else bought(number, **OWED)
        if number % 4 == 0:
            yield transaction(**money(number, 0), amount="12.90", gateway="gift_card")
            yield transaction(**money(number, 1), amount="30.00")
        if number % 6 == 1:
            yield refund([], handed_back("2.90", order_id=ORDER_ID + number), **money(number, 2))
        if number % 3 == 0:
            yield stripe_event("charge.succeeded", charge(id=f"ch_{number}", payment_intent=f"pi_{number}"))
    yield told([row("dispute", "-42.90", "15.00", order=ORDER_ID, source_id=66)])


def second_half() -> Iterator[Json]:
    """Each again; then some are edited, some cancelled, some refunded, and new ones come."""
    yield from first_half()
    for number in ORDERS:
        state = OWED if number % 2 == 0 else {}
        match number % 5:
            case 0:
                yield bought(number, **{**state, "updated_at": "2026-03-04T09:00:00-08:00", "po_number": "PO-7"})
            case 1:
                yield bought(number, **{**OWED, **CANCELLED})
            case 2:
                yield refund([], handed_back("1.10", order_id=ORDER_ID + number), **money(number, 3))
            case 3:
                yield transaction(**money(number, 4))
    yield from (bought(number + 1_000) for number in range(4))


def money(number: int, nth: int) -> Json:
    return {"id": 10**9 + number * 10 + nth, "order_id": ORDER_ID + number, "admin_graphql_api_id": None}


async def of_a_stranger(acme: World, number: int) -> str:
    """The Id of an invoice that somebody else has written, for a customer of ours."""
    customer = acme.held("Customer")[0]["Id"]
    item = {"ItemRef": {"value": acme.held("Item")[0]["Id"]}, "Qty": 1, "UnitPrice": 900 + number}
    line = {"Amount": 900 + number, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": item}
    made = await acme.by_hand("invoice", {"CustomerRef": {"value": customer}, "Line": [line]})
    return str(made["Id"])


async def edit_memos(acme: World, chance: random.Random | None, theirs: list[str], *, facts: bool) -> None:
    """Every memo of the books becomes another one; without `chance` each stays what it is."""
    documents = [(entity, each) for entity in TRANSACTIONS for each in acme.held(entity)]
    memos = [str(each.get("PrivateNote")) for _, each in documents if each.get("PrivateNote")]
    for entity, each in documents:
        strange = entity == "Invoice" and each["Id"] in theirs
        memo = each.get("PrivateNote") or ""
        if chance is not None:
            own = SEAL.find(entity, chance.choice(memos) if strange else memo)
            memo = hostile_memo(chance, entity, own, memos, facts=facts)
        await acme.by_a_person("edit", entity, each["Id"], changes={"PrivateNote": memo})


def said(result: Result) -> str:
    """The document of a result, its status, and why."""
    return f"{result.source.document}: {result.status.value} {result.reason.code if result.reason else ''}"


def amounts(acme: World) -> Amounts:
    rows: list[tuple[str, dict[str, Any]]] = [(entity, each) for entity in TRANSACTIONS for each in acme.held(entity)]
    return {(entity, each["Id"]): (each["TotalAmt"], each.get("Balance")) for entity, each in rows}
