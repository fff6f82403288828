"""What goes over the wire, and what is done about what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest
import structlog

from bridge.quickbooks import wire
from bridge.quickbooks.batching import pack, unpack
from bridge.quickbooks.client import CallCounts, ReadRefused
from bridge.quickbooks.fault_codes import Action
from bridge.quickbooks.faults import Fault, classify
from bridge.quickbooks.limiter import Limits
from bridge.quickbooks.queries import Select, where_in
from bridge.quickbooks.requests import Operation, Request
from contracts.errors import Interrupted, Unauthorised, Unavailable
from tests.support.clocks import ManualClock, settle
from tests.support.quickbooks import (
    REALM,
    MemoryStore,
    Script,
    batch,
    batch_answer,
    created,
    expired,
    fault_body,
    json_reply,
    ok,
    opened,
    refused,
    single,
    step,
    throttled,
    valid_tokens,
)

BASE = f"/v3/company/{REALM}"
HTML = httpx.Response(503, content=b"<html>Service Unavailable</html>")
UNKNOWN: dict[str, httpx.Response | Exception] = {
    "timeout": httpx.ReadTimeout("secret"),
    "connection refused": httpx.ConnectError("secret"),
    "reset": httpx.ReadError("secret"),
    "protocol": httpx.RemoteProtocolError("secret"),
    "503 in HTML": HTML,
    "500 with 10000": refused("10000", status=500),
    "504 without a body": httpx.Response(504),
    "200 cut off": httpx.Response(200, content=b'{"Customer":{"Id":"6'),
    "200 in HTML": httpx.Response(200, content=b"<html>Sign in</html>"),
    "200 without the entity": json_reply({"time": "…"}),
    "400 cut off": httpx.Response(400, content=b'{"Fault":{"Err'),
    "302": httpx.Response(302, headers={"location": "https://elsewhere.example"}),
    "maintenance": refused("150", status=503),
}


def every_write() -> list[Request]:
    """One request of each shape that a write can have."""
    identity = {"Id": "7", "SyncToken": "1"}
    shapes: list[tuple[str, Operation]] = [
        ("Customer", "create"),
        ("Invoice", "create"),
        ("Invoice", "update"),
        ("Invoice", "sparse_update"),
        ("Invoice", "void"),
        ("Invoice", "delete"),
        ("Payment", "void"),
        ("SalesReceipt", "void"),
        ("Deposit", "delete"),
        ("JournalEntry", "create"),
    ]
    steps = [
        step(str(n), entity=entity, operation=operation, body=identity) for n, (entity, operation) in enumerate(shapes)
    ]
    return [*(request for lone in steps for request in pack([lone])), *pack(steps)]


def mirror(request: httpx.Request) -> httpx.Response:
    """Answers any write with the entities that it held."""
    body = wire.loads(request.content) or {}
    if "BatchItemRequest" in body:
        kept = [{key: value for key, value in item.items() if key != "operation"} for item in body["BatchItemRequest"]]
        return json_reply({"BatchItemResponse": kept})
    names = {
        name.lower(): name for name in ("Customer", "Invoice", "Payment", "SalesReceipt", "Deposit", "JournalEntry")
    }
    return json_reply({names[request.url.path.rsplit("/", 1)[-1]]: body})


async def test_every_write_carries_its_request_id_in_the_query() -> None:
    """On the wire: `requestid` as a query parameter on every write, and a bId in every batch item."""
    script = Script(mirror)
    async with opened(script) as client:
        for request in every_write():
            await client.send(request)
    assert len(script.requests) == 11
    for request, sent in zip(every_write(), script.requests, strict=True):
        assert sent.method == "POST"
        assert sent.url.params.get_list("requestid") == [request.request_id]
        assert sent.url.params["minorversion"] == "75"
        assert "requestid" not in {name.lower() for name in sent.headers}
        assert sent.headers["accept"] == "application/json"
        assert sent.headers["content-type"] == "application/json"
        assert sent.headers["authorization"] == "Bearer access-0"
        assert sent.content == request.body
    items = (wire.loads(script.requests[-1].content) or {})["BatchItemRequest"]
    assert len(items) == 10
    assert all(1 <= len(item["bId"]) <= 10 for item in items)
    assert len({item["bId"] for item in items}) == 10


async def test_writes_go_to_the_entitys_own_path() -> None:
    """The entity in lower case, or `batch`."""
    script = Script(mirror)
    async with opened(script) as client:
        for request in (single(entity="JournalEntry"), batch("1", "2")):
            await client.send(request)
    assert [request.url.path for request in script.requests] == [f"{BASE}/journalentry", f"{BASE}/batch"]


@pytest.mark.parametrize("trouble", UNKNOWN.values(), ids=UNKNOWN.keys())
async def test_an_unknown_outcome_is_asked_for_with_the_same_bytes(trouble: httpx.Response | Exception) -> None:
    """Same URL, same request id, same body; the answer to the resend is the answer."""
    script, clock = Script(trouble, trouble, ok()), ManualClock()
    async with opened(script, clock=clock) as client:
        answer = await client.send(single())
    assert (answer.body["Customer"]["Id"], answer.attempts, answer.intuit_tid) == ("60", 3, "1-628f0be4-19ed5ea6")
    assert {(str(request.url), request.content) for request in script.requests} == {
        (f"https://qbo.example{BASE}/customer?requestid=step-1&minorversion=75", b'{"DisplayName":"1"}')
    }
    assert clock.slept == [0.5, 1.0]


@pytest.mark.parametrize("trouble", UNKNOWN.values(), ids=UNKNOWN.keys())
async def test_an_outcome_that_stays_unknown_is_an_outage(trouble: httpx.Response | Exception) -> None:
    """Bounded attempts, then the company waits; nothing is guessed and nothing is told that is nobody's business."""
    script = Script(trouble)
    async with opened(script) as client:
        with pytest.raises(Unavailable) as raised:
            await client.send(single())
    assert not isinstance(raised.value, Unauthorised)
    assert raised.value.retry_after_s is None, "how long to wait is the caller's to say"
    assert len(script.requests) == 5
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("code", ["2020", "6240", "6140", "5010", "2500", "6210", "6000", "10000", "600", "6540"])
async def test_a_certain_refusal_is_a_value(code: str) -> None:
    """It is returned after one attempt: the same id is never used again for it."""
    script = Script(refused(code, "System Failure Error: java.lang.NumberFormatException: null"))
    async with opened(script) as client:
        request = single()
        answer = await client.send(request)
    fate = unpack(request, answer)["step-1"]
    assert isinstance(fate, Fault)
    assert (fate.code, fate.http_status, fate.intuit_tid) == (code, 400, "1-628f0be4-19ed5ea6")
    assert len(script.requests) == 1


async def test_a_batch_with_an_item_unanswered_goes_again_whole() -> None:
    """The same bytes under the same id; what was answered before stays answered."""
    script = Script(
        batch_answer({"1": created("1")}),
        batch_answer({"1": fault_body("6240"), "2": created("2"), "3": fault_body("6240", "Id=19")}),
    )
    async with opened(script) as client:
        request = batch("1", "2", "3")
        fates = unpack(request, await client.send(request))
    assert fates["step-1"] == created("1")["Customer"]
    assert fates["step-2"] == created("2")["Customer"]
    third = fates["step-3"]
    assert isinstance(third, Fault)
    assert classify(third).entity_id == "19"
    first, second = script.requests
    assert (first.url, first.content) == (second.url, second.content)


async def test_one_item_that_keeps_failing_is_refused_in_the_end() -> None:
    """While QBO answers for the others, a generic failure of one item does not stop the company."""
    generic = fault_body("10000", "System Failure Error: Something went wrong", kind="SystemFault")
    script = Script(batch_answer({"1": created("1"), "2": generic}))
    async with opened(script) as client:
        request = batch("1", "2")
        fates = unpack(request, await client.send(request))
    fate = fates["step-2"]
    assert isinstance(fate, Fault)
    assert classify(fate).action is Action.REJECT
    assert len(script.requests) == 5


async def test_a_batch_that_fails_throughout_is_an_outage() -> None:
    """When every item fails in the generic way, it is QBO and not the items."""
    generic = fault_body("10000", "System Failure Error: Something went wrong", kind="SystemFault")
    async with opened(Script(batch_answer({"1": generic, "2": generic}))) as client:
        with pytest.raises(Unavailable):
            await client.send(batch("1", "2"))


async def test_an_expired_token_is_renewed_and_the_same_request_goes_again() -> None:
    """One refresh, the same request id, the new token."""
    script = Script(expired(), ok())
    async with opened(script) as client:
        await client.send(single())
    assert [request.headers["authorization"] for request in script.requests] == ["Bearer access-0", "Bearer access-1"]
    assert {request.url.params["requestid"] for request in script.requests} == {"step-1"}
    assert len({request.content for request in script.requests}) == 1
    assert len(script.token_requests) == 1


async def test_a_second_401_means_a_person_must_connect() -> None:
    """One refresh per call, and no loop; it is said once."""
    script = Script(expired())
    with structlog.testing.capture_logs() as logs:
        async with opened(script) as client:
            for _ in range(2):
                with pytest.raises(Unauthorised):
                    await client.send(single())
    assert len(script.requests) == 4
    assert [entry["event"] for entry in logs].count("qbo.disconnected") == 1
    assert "AB0173" not in str(logs)


@pytest.mark.parametrize("answer", [refused("3100", status=403), refused("120", status=401)])
async def test_a_removed_connection_is_not_refreshed(answer: httpx.Response) -> None:
    """A user without access or keys of another environment: no token helps."""
    script = Script(answer)
    async with opened(script) as client:
        with pytest.raises(Unauthorised):
            await client.send(single())
    assert (len(script.requests), len(script.token_requests)) == (1, 0)


async def test_a_new_connection_is_noticed_at_the_next_call() -> None:
    """The old access token has an hour left, but its connection is gone: the store is asked again."""
    store = MemoryStore(valid_tokens())
    script = Script(refused("3100", status=403), ok())
    async with opened(script, store=store) as client:
        with pytest.raises(Unauthorised):
            await client.send(single())
        store.tokens = valid_tokens(access_token="connected")
        await client.send(single())
    assert script.requests[-1].headers["authorization"] == "Bearer connected"


async def test_a_dead_refresh_token_is_said_once() -> None:
    """Without a token nothing is sent at all."""
    script = Script(ok(), tokens=lambda _: httpx.Response(400, json={"error": "invalid_grant"}))
    with structlog.testing.capture_logs() as logs:
        async with opened(script, store=MemoryStore(replace(valid_tokens(), access_token=None))) as client:
            for _ in range(3):
                with pytest.raises(Unauthorised):
                    await client.send(single())
    assert script.requests == []
    assert [entry["event"] for entry in logs] == ["qbo.disconnected"]


async def test_a_429_pauses_the_company_and_the_same_request_goes_again() -> None:
    """Retry-After is kept to, other calls wait too, and the request id stays."""
    script, clock = Script(throttled(**{"Retry-After": "7"}), ok()), ManualClock()
    async with opened(script, clock=clock) as client:
        await client.send(single())
        assert client.counts == CallCounts(writes=2, throttled=1)
    assert clock.monotonic() == pytest.approx(7.0)
    assert {request.url.params["requestid"] for request in script.requests} == {"step-1"}


async def test_a_throttled_item_is_a_throttled_batch() -> None:
    """Per-item throttling pauses the company like any other."""
    script, clock = (
        Script(
            batch_answer({"1": created("1"), "2": fault_body("3001")}),
            batch_answer({"1": created("1"), "2": created("2")}),
        ),
        ManualClock(),
    )
    async with opened(script, clock=clock) as client:
        request = batch("1", "2")
        fates = unpack(request, await client.send(request))
    assert not any(isinstance(fate, Fault) for fate in fates.values())
    assert clock.monotonic() == pytest.approx(60.0)


async def test_throttling_that_lasts_is_for_the_caller_to_wait_out() -> None:
    """One pause inside a call, then Unavailable with what is left of the next."""
    script = Script(throttled())
    async with opened(script) as client:
        with pytest.raises(Unavailable) as raised:
            await client.send(single())
        assert raised.value.retry_after_s == 60
        assert len(script.requests) == 2


async def test_a_long_pause_is_never_sat_out() -> None:
    """Kafka membership must live on: an hour's pause is told to the caller, of this call and of the next."""
    script, clock = Script(throttled(**{"Retry-After": "3600"})), ManualClock()
    async with opened(script, clock=clock) as client:
        for _ in range(2):
            with pytest.raises(Unavailable) as raised:
                await client.send(single())
            assert raised.value.retry_after_s == 3600
    assert len(script.requests) == 1
    assert clock.slept == []


async def test_an_ended_subscription_waits_for_a_person() -> None:
    """The company is read-only: nothing is dead-lettered for it."""
    async with opened(Script(refused("6190"))) as client:
        with pytest.raises(Unavailable, match="6190") as raised:
            await client.send(single())
    assert raised.value.retry_after_s == 900


async def test_the_bridge_throttles_itself() -> None:
    """Six hundred lone writes take more than a minute and never exceed the limits."""
    clock = ManualClock()
    times: list[float] = []

    def answer(_: httpx.Request) -> httpx.Response:
        times.append(clock.monotonic())
        return ok()

    async with opened(Script(answer), clock=clock) as client:
        await asyncio.gather(*(client.send(single(str(n))) for n in range(600)))
    assert sum(1 for time in times if time < 60.0) <= 500
    assert max(sum(1 for time in times if start <= time < start + 1) for start in times) <= 10
    assert max(times) >= 61


async def test_calls_are_counted_by_kind() -> None:
    """Reads are metered by Intuit, so they are counted apart; resends count."""
    script = Script(httpx.ReadTimeout("…"), ok(), mirror, json_reply({"Invoice": {"Id": "1"}}))
    async with opened(script) as client:
        await client.send(single())
        await client.send(batch("1", "2", "3"))
        await client.read("Invoice", "1")
        assert client.counts == CallCounts(reads=1, writes=2, batches=1, batch_items=3, unanswered=1)


async def test_a_normal_order_logs_nothing_above_debug() -> None:
    """Logs are for where a human would act."""
    with structlog.testing.capture_logs() as logs:
        async with opened(Script(ok())) as client:
            await client.send(single())
    assert [entry for entry in logs if entry["log_level"] != "debug"] == []


async def test_an_outage_is_logged_where_a_human_would_act() -> None:
    """One event with the realm, the code and the transaction id; that the company waits is said once, by who waits."""
    with structlog.testing.capture_logs() as logs:
        async with opened(Script(HTML)) as client:
            with pytest.raises(Unavailable):
                await client.send(single())
    assert logs == [
        {
            "event": "qbo.unavailable",
            "log_level": "info",
            "realm_id": REALM,
            "fault_code": "unreadable",
            "intuit_tid": None,
            "attempts": 5,
        }
    ]


async def test_one_entity_is_read() -> None:
    """As it is now, amounts exact; None when it is gone."""
    script = Script(json_reply({"Invoice": {"Id": "7", "TotalAmt": Decimal("398.00")}}), refused("610"))
    async with opened(script) as client:
        assert await client.read("Invoice", "7") == {"Id": "7", "TotalAmt": Decimal("398.00")}
        assert await client.read("Invoice", "8") is None
    assert [request.url.path for request in script.requests] == [f"{BASE}/invoice/7", f"{BASE}/invoice/8"]
    assert script.requests[0].method == "GET"
    assert script.params[0] == {"minorversion": "75"}


def rows(*ids: int) -> httpx.Response:
    return json_reply({"QueryResponse": {"Invoice": [{"Id": str(ident)} for ident in ids]}})


async def ids_of(
    select: Select, *pages: httpx.Response | Callable[[httpx.Request], httpx.Response]
) -> tuple[list[str], list[str]]:
    """The ids that a query gives, and the pages that were asked for."""
    script = Script(*pages)
    async with opened(script, limits=Limits(requests_per_minute=10_000)) as client:
        found = [row["Id"] for row in await client.query(select)]
    return found, [params["query"].partition(" ORDERBY ")[2] for params in script.params]


async def test_a_query_reads_every_page_once() -> None:
    """A thousand a page, ordered by Id, each page one row over the last."""
    found, pages = await ids_of(
        Select("Invoice"), rows(*range(1000)), rows(*range(999, 1999)), rows(*range(1998, 2100))
    )
    assert found == [str(ident) for ident in range(2100)]
    assert pages == [f"Id STARTPOSITION {start} MAXRESULTS 1000" for start in (1, 1000, 1999)]


async def test_an_empty_answer_is_no_rows() -> None:
    """QBO leaves the entity out."""
    assert await ids_of(Select("Invoice"), json_reply({"QueryResponse": {}})) == (
        [],
        ["Id STARTPOSITION 1 MAXRESULTS 1000"],
    )


async def test_rows_that_shift_between_pages_are_not_missed() -> None:
    """A deletion on the first page moves the rest up: the row at the seam tells, and the reading starts over."""
    found, pages = await ids_of(
        Select("Invoice"),
        rows(*range(1000)),
        rows(*range(1000, 1500)),  # 0 was deleted: position 1000 is the row 1000, and 999 is not seen here
        rows(*range(1, 1001)),
        rows(*range(1000, 1500)),
    )
    assert found == [str(ident) for ident in range(1500)]
    assert len(pages) == 4


async def test_a_list_that_never_stands_still_is_given_up() -> None:
    """Starting over is bounded."""
    pages = [rows(*range(1000)), rows(5)] * 4
    with pytest.raises(Unavailable, match="keeps changing"):
        await ids_of(Select("Invoice"), *pages)


def codes(*idents: object) -> httpx.Response:
    return json_reply({"QueryResponse": {"TaxCode": [{"Id": str(ident)} for ident in idents]}})


async def test_tax_codes_and_rates_are_asked_for_without_an_order() -> None:
    """QBO may refuse to order them by Id. Guard: `UNORDERED`."""
    for entity in ("TaxCode", "TaxRate"):
        script = Script(json_reply({"QueryResponse": {entity: [{"Id": "2"}]}}))
        async with opened(script) as client:
            await client.query(Select(entity))
        assert "ORDERBY" not in script.requests[0].url.params["query"]


async def test_a_list_without_an_order_is_read_until_it_is_whole() -> None:
    """The second page repeats a row, which leaves another out: all is read again. Guard: `real == shown`."""
    whole = [*range(1000, 1500)]
    script = Script(
        codes("TAX", *range(1000)),
        codes("TAX", *whole[:-1], 7),
        codes("TAX", *range(1000)),
        codes("TAX", *whole),
        json_reply({"QueryResponse": {"totalCount": 1500}}),
    )
    async with opened(script) as client:
        found = {row["Id"] for row in await client.query(Select("TaxCode"))}
    assert found == {"TAX", *map(str, range(1500))}


async def test_a_list_that_lost_rows_between_its_pages_is_read_again() -> None:
    """No row is repeated, one is missing. Guard: the count."""
    short = (codes(*range(1000)), codes(*range(1001, 1500)), json_reply({"QueryResponse": {"totalCount": 1500}}))
    async with opened(Script(*short * 4)) as client:
        with pytest.raises(Unavailable, match="keeps changing"):
            await client.query(Select("TaxCode"))


async def test_pseudo_rows_on_top_of_a_page_do_no_harm() -> None:
    """TaxCode puts TAX and NON above its rows."""
    script = Script(
        json_reply({"QueryResponse": {"TaxCode": [{"Id": "TAX"}, {"Id": "NON"}, {"Id": "2"}, {"Id": "2"}]}})
    )
    async with opened(script) as client:
        assert [row["Id"] for row in await client.query(Select("TaxCode"))] == ["TAX", "NON", "2"]


async def test_rows_are_counted_by_qbo() -> None:
    """COUNT(*) is the one aggregate there is."""
    script = Script(json_reply({"QueryResponse": {"totalCount": 42}}))
    async with opened(script) as client:
        assert await client.count(Select("Invoice")) == 42
    assert script.params[0]["query"] == "SELECT COUNT(*) FROM Invoice"


async def test_a_query_arrives_as_it_was_written() -> None:
    """Quotes, plus signs and non-ASCII survive the URL."""
    script = Script(json_reply({"QueryResponse": {}}))
    text = "DisplayName = 'O\\'Brien & Söhne + 100%'"
    async with opened(script) as client:
        await client.query(Select("Customer", conditions=(text,)))
    assert text in script.params[0]["query"]
    assert b"O%5C%27Brien" in script.requests[0].url.query


async def test_a_long_query_is_posted() -> None:
    """A list of a hundred Ids does not fit every URL: its text is the body, unencoded."""
    script = Script(json_reply({"QueryResponse": {"Invoice": [{"Id": "1"}]}}))
    select = Select("Invoice", conditions=(where_in("Id", tuple(str(10**18 + n) for n in range(100))),))
    async with opened(script) as client:
        assert await client.query(select) == [{"Id": "1"}]
    (request,) = script.requests
    assert (request.method, request.headers["content-type"]) == ("POST", "application/text")
    assert request.content.decode() == select.page(1)
    assert dict(request.url.params) == {"minorversion": "75"}


async def test_a_new_owner_starts_at_half() -> None:
    """The old owner may have spent this minute's calls."""
    clock = ManualClock()
    async with opened(Script(ok()), clock=clock) as client:
        client.taken_over()
        for number in range(251):
            await client.send(single(str(number)))
    assert clock.monotonic() > 60


async def test_a_refused_read_is_our_mistake() -> None:
    """A query that QBO does not know is an error of the program, with the fault and without the query's values."""
    async with opened(Script(refused("4001", "QueryValidationError: property 'X' is not queryable"))) as client:
        with pytest.raises(ReadRefused, match="4001"):
            await client.query(Select("Customer", conditions=("X = 'Ann'",)))
        with pytest.raises(ReadRefused):
            await client.read("Nonsense", "1")


async def test_reads_are_persisted_with_too() -> None:
    """A read that gets no answer is tried again, then the company is unavailable."""
    script = Script(HTML, json_reply({"Preferences": {"Id": "1"}}), json_reply({"time": "…"}))
    async with opened(script) as client:
        assert await client.preferences() == {"Id": "1"}
        with pytest.raises(Unavailable, match="no CompanyInfo"):
            await client.company_info()
    assert script.requests[-1].url.path == f"{BASE}/companyinfo/{REALM}"


async def test_an_interrupted_call_ends_before_its_next_try_and_may_go_out_again_later() -> None:
    """A stop does not wait for a back-off; the same bytes are good afterwards. Guard: `RetryingSender.interrupt`."""
    script, clock = Script(HTML, ok()), ManualClock(auto=False)
    async with asyncio.timeout(5), opened(script, clock=clock) as client:
        sending = asyncio.create_task(client.send(single()))
        await settle()
        client.interrupt(on=True)
        with pytest.raises(Interrupted):
            await sending
        with pytest.raises(Interrupted):
            await client.send(single())
        assert len(script.requests) == 1
        client.interrupt(on=False)
        await client.send(single())
    assert len({(str(request.url), request.content) for request in script.requests}) == 1
