"""A payload that QBO answers with 500 every time is given up alone; an outage gives up nothing."""

from __future__ import annotations

import httpx
import pytest

from bridge.journal.entries import REQUEST
from bridge.journal.requests import unsettled_requests
from bridge.sandbox.faults import Kind
from contracts.errors import Unavailable
from contracts.results import Result
from tests.support.orders import Json, bought, later
from tests.support.world import World, opened

POISON = "POISON"
TRIES_MAX = 10
"""INTERFACE: after at most 10 tries."""


def spoilt(number: int, where: str) -> Json:
    """An order with the text that QBO fails at in its number, its customer or its item."""
    body = bought(number)
    if where == "Invoice":
        return {**body, "name": f"#{POISON}{number}"}
    if where == "Customer":
        return {
            **body,
            "customer": {"id": 991, "first_name": POISON, "last_name": "Odenkirk", "email": "p@example.com"},
        }
    lines = [{**line, "sku": f"{POISON}-{number}", "title": POISON} for line in body["line_items"]]  # type: ignore[attr-defined]
    return {**body, "line_items": lines}


def poison(acme: World, kind: Kind = "fail_before", **rule: object) -> None:
    """QBO answers 500 to whatever holds the text, alone or with others."""
    acme.breaks(kind, count=None, operation="write", body=POISON, status=500, **rule)


def told(results: list[Result]) -> list[tuple[str, str | None, str | None]]:
    """Status, reason and fault code of each."""
    return [
        (each.status.value, each.reason.code if each.reason else None, each.reason.fault_code if each.reason else None)
        for each in results
    ]


REJECTED = ("dead_lettered", "rejected", "http_500")
POSTED = ("posted", None, None)


@pytest.mark.parametrize("where", ["Invoice", "Customer", "Item"])
async def test_among_others_only_the_culprit_is_refused(where: str) -> None:
    """Whichever of its entities QBO fails at, within the tries that are promised. Guard: a batch is cut down."""
    async with opened() as acme:
        poison(acme)
        orders = [bought(number) for number in range(5)]
        results = await acme.tell(*orders[:2], spoilt(7, where), *orders[2:])
        assert told(results) == [POSTED, POSTED, REJECTED, POSTED, POSTED, POSTED]
        assert acme.sandbox.faults.rules[0].applied <= TRIES_MAX
        assert len(acme.ours("Invoice")) == 5


async def test_alone_in_its_micro_batch_it_is_refused_too() -> None:
    """Nothing else is to be written: QBO is asked for a write that changes nothing."""
    async with opened() as acme:
        await acme.tell(bought(0))
        poison(acme)
        assert told(await acme.tell(spoilt(1, "Invoice"))) == [REJECTED]
        assert acme.sandbox.faults.rules[0].applied <= TRIES_MAX
        acme.sandbox.faults.clear()
        assert told(await acme.tell(bought(2))) == [POSTED]


async def test_several_culprits_of_one_wave_are_all_found() -> None:
    """One that fails proves nothing against another."""
    async with opened() as acme:
        poison(acme)
        results = await acme.tell(spoilt(1, "Invoice"), bought(2), spoilt(3, "Invoice"), spoilt(4, "Item"))
        assert told(results) == [REJECTED, POSTED, REJECTED, REJECTED]


@pytest.mark.parametrize("status", [500, 503])
async def test_writes_that_all_fail_are_an_outage(status: int) -> None:
    """Nothing is refused, and all is booked when it is over. Guard: another write has to have been taken."""
    async with opened() as acme:
        await acme.tell(bought(0))
        acme.breaks("fail_before", count=None, operation="write", status=status)
        records = acme.records(spoilt(1, "Invoice"), bought(2))
        for _ in range(4):
            with pytest.raises(Unavailable):
                await acme.process(records)
        acme.sandbox.faults.clear()
        assert told(await acme.process(records)) == [POSTED, POSTED]


async def test_an_outage_that_begins_after_another_write_refuses_nothing() -> None:
    """The customer was written, then QBO was gone. Guard: evidence counts from the first try on."""
    async with opened() as acme:
        acme.breaks("fail_before", count=None, operation="write", skip=1, status=500)
        records = acme.records(bought(1))
        with pytest.raises(Unavailable):
            await acme.process(records)
        acme.sandbox.faults.clear()
        assert told(await acme.process(records)) == [POSTED]


async def test_what_was_done_although_qbo_answered_500_is_found() -> None:
    """The look by marker ends as posted, and nothing is written twice. Guard: without the look it is refused."""
    async with opened() as acme:
        poison(acme, "fail_after")
        results = await acme.tell(bought(0), spoilt(1, "Invoice"), bought(2))
        assert told(results) == [POSTED, POSTED, POSTED]
        assert len(acme.ours("Invoice")) == 3


async def test_a_restart_meets_the_payload_again_and_the_company_works() -> None:
    """The journal resends it first. Guard: a request that fails is set aside while the company is taken over."""
    async with opened() as acme:
        await acme.tell(bought(0))
        acme.breaks("fail_before", count=None, operation="write", status=500)
        records = acme.records(spoilt(1, "Invoice"), bought(2))
        with pytest.raises(Unavailable):
            await acme.process(records)
        acme.sandbox.faults.clear()
        poison(acme)
        async with opened(after=acme) as successor:
            assert told(await successor.process(records)) == [REJECTED, POSTED]


@pytest.mark.parametrize("owners", [1, 2, 3, 6])
async def test_owners_that_come_and_go_have_the_tries_of_one_together(owners: int) -> None:
    """Guard: the journal counts them."""
    async with opened() as acme:
        await acme.tell(bought(0))
        poison(acme)
        acme.breaks("fail_before", count=None, operation="write", status=500)
        records = acme.records(spoilt(1, "Customer"), bought(2))
        with pytest.raises(Unavailable):
            await acme.process(records[:1])
        of_poison, of_all = acme.sandbox.faults.rules
        acme.sandbox.faults.rules.remove(of_all)
        for _ in range(owners):
            await acme.restart()
        assert told(await acme.process(records)) == [REJECTED, POSTED]
        assert of_poison.applied <= TRIES_MAX


async def test_an_owner_that_dies_before_its_result_leaves_the_refusal_to_the_next() -> None:
    """The record comes again and nobody has redriven it: nothing is sent. Guard: `unpublished` in the journal."""
    async with opened() as acme:
        await acme.tell(bought(0))
        poison(acme)
        (record,) = acme.records(spoilt(1, "Invoice"))
        await acme.company.process((record,))  # its result is not settled
        tried = acme.sandbox.faults.rules[0].applied
        await acme.restart()
        assert told(await acme.process((record,))) == [REJECTED]
        assert acme.sandbox.faults.rules[0].applied == tried
        await acme.restart()
        assert told(await acme.process((record,))) == [REJECTED]
        assert acme.sandbox.faults.rules[0].applied == tried + 1, "by now it is a redrive"


def kept(acme: World) -> list[str]:
    """The requests that the journal holds."""
    return [key for key in acme.journal.entries if REQUEST.holds(key)]


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_redrive_looks_and_sends_the_same_bytes_under_the_same_id(restarts: bool) -> None:  # noqa: FBT001 - parametrised
    """QBO may have applied them meanwhile. Guard: the entry of what was given up outlives the settlement."""
    async with opened() as acme:
        poison(acme)
        assert told(await acme.tell(bought(0), spoilt(1, "Invoice"))) == [POSTED, REJECTED]
        (entry,) = kept(acme)
        acme.sandbox.faults.clear()
        if not restarts:
            (result,) = await acme.tell(spoilt(1, "Invoice"))
            assert entry == REQUEST.key(request_of(result))
            assert kept(acme) == []
            return
        async with opened(after=acme) as successor:
            (result,) = await successor.tell(spoilt(1, "Invoice"))
            assert entry == REQUEST.key(request_of(result))
            assert kept(successor) == []


def request_of(result: Result) -> str:
    """The request that made the invoice."""
    assert result.status == "posted"
    (found,) = [each.request_id for each in result.entities if (each.entity, each.operation) == ("Invoice", "create")]
    assert found is not None
    return found


async def test_a_redrive_that_fails_again_is_refused_again_and_tried_once() -> None:
    """Whoever starts a redrive over and over does not hold the company up."""
    async with opened() as acme:
        poison(acme)
        await acme.tell(bought(0), spoilt(1, "Invoice"))
        before = acme.sandbox.faults.rules[0].applied
        assert told(await acme.tell(spoilt(1, "Invoice"))) == [REJECTED]
        assert acme.sandbox.faults.rules[0].applied == before + 1


async def test_a_newer_body_goes_on_from_the_bytes_that_were_given_up() -> None:
    """First the same bytes, then what has changed since: the books end as the newer body says."""
    async with opened() as acme:
        poison(acme)
        await acme.tell(bought(0), spoilt(1, "Invoice"))
        acme.sandbox.faults.clear()
        newer = later(spoilt(1, "Invoice"), 10, note="gift", shipping_address={"city": "Fresno", "country_code": "US"})
        (result,) = await acme.tell(newer)
        assert result.status == "posted", result.reason
        (invoice,) = [row for row in acme.ours("Invoice").values() if POISON in row["DocNumber"]]
        assert invoice["ShipAddr"]["City"] == "Fresno"


async def test_what_qbo_applies_hours_later_is_found_by_the_redrive() -> None:
    """Guard: without the look the request id is asked, which QBO may have forgotten."""
    async with opened() as acme:
        poison(acme)
        await acme.tell(bought(0), spoilt(1, "Invoice"))
        (entry,) = kept(acme)
        acme.sandbox.faults.clear()
        await applied_late(acme, entry)
        acme.sandbox.realms["9130000000000001"].requests._entries.clear()
        (result,) = await acme.tell(spoilt(1, "Invoice"))
        assert result.status == "posted"
        assert len(acme.ours("Invoice")) == 2


async def applied_late(acme: World, entry: str) -> None:
    """QBO carries out what it answered with 500."""
    (unsettled,) = unsettled_requests({entry: acme.journal.entries[entry]})
    headers = {"Authorization": f"Bearer {acme.sandbox.access_token()}", "Accept": "application/json"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(acme.app), base_url="http://127.0.0.1:8100") as http:
        url = "/v3/company/9130000000000001/invoice"
        answer = await http.post(
            url,
            content=unsettled.request.body,
            params={"requestid": unsettled.request.request_id},
            headers=headers,
        )
    answer.raise_for_status()
