"""What goes wrong on demand, and that it goes wrong where it was asked to."""

import asyncio
from typing import Any

import httpx
import pytest

from bridge.sandbox import FaultRule
from bridge.sandbox.wire import Doc, dumps, loads
from tests.support.connected_sandbox import ConnectedSandbox, line, sale


async def plan(world: ConnectedSandbox, *faults: Doc) -> None:
    """Put faults in force over HTTP, as another process would."""
    answer = await world.http.post("http://sandbox/sandbox/faults", content=dumps({"faults": list(faults)}))
    assert answer.status_code == 200, answer.text


def customers(world: ConnectedSandbox) -> int:
    return len(world.company.tables["Customer"])


@pytest.mark.parametrize(("kind", "applied"), [("fail_before", 0), ("fail_after", 1), ("html", 1)])
async def test_server_errors_before_and_after_applying(world: ConnectedSandbox, kind: str, applied: int) -> None:
    """An HTML page with a 5xx; whether the write happened depends on the kind, and a retry settles it."""
    await plan(world, {"kind": kind, "status": 502})
    answer = await world.http.post("customer?requestid=a", content=b'{"DisplayName":"Ann"}')
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert customers(world) == applied
    await world.post("customer", {"DisplayName": "Ann"}, requestid="a")
    assert customers(world) == 1


@pytest.mark.parametrize(("kind", "applied"), [("reset_before", 0), ("reset_after", 1)])
async def test_resets_before_and_after_applying(world: ConnectedSandbox, kind: str, applied: int) -> None:
    """The connection ends without an answer."""
    await plan(world, {"kind": kind})
    with pytest.raises(httpx.RemoteProtocolError):
        await world.post("customer", {"DisplayName": "Ann"})
    assert customers(world) == applied


async def test_late_application(world: ConnectedSandbox) -> None:
    """The connection drops at once, the write happens seconds later."""
    await plan(world, {"kind": "late_apply", "seconds": 30})
    with pytest.raises(httpx.RemoteProtocolError):
        await world.post("customer", {"DisplayName": "Ann"})
    await asyncio.sleep(0)
    assert customers(world) == 0
    world.clock.advance(30)
    for _ in range(10):
        await asyncio.sleep(0)
    assert customers(world) == 1


@pytest.mark.parametrize(("kind", "applied"), [("delay", 0), ("delay_after", 1)])
async def test_slow_answers(world: ConnectedSandbox, kind: str, applied: int) -> None:
    """The work is done after the wait, or before it; a retry of the impatient waits for the first and replays it."""
    await plan(world, {"kind": kind, "seconds": 9})
    first = asyncio.ensure_future(world.post("customer", {"DisplayName": "Ann"}, requestid="a"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert (first.done(), customers(world)) == (False, applied)
    retry = asyncio.ensure_future(world.post("customer", {"DisplayName": "Ann"}, requestid="a"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert retry.done() == (kind == "delay_after")
    world.clock.advance(9)
    assert await first == await retry
    assert customers(world) == 1


async def test_truncated_json(world: ConnectedSandbox) -> None:
    """Half of the answer of a write that was applied."""
    await plan(world, {"kind": "truncate"})
    answer = await world.http.post("customer", content=b'{"DisplayName":"Ann"}')
    with pytest.raises(ValueError):
        loads(answer.content)
    assert customers(world) == 1


async def test_a_burst_of_429_of_the_gateway(world: ConnectedSandbox) -> None:
    """So many, then it goes on."""
    await plan(world, {"kind": "throttle", "count": 2})
    codes = [(await world.http.get("companyinfo/1")).status_code for _ in range(3)]
    assert codes == [429, 429, 200]


async def test_one_item_of_a_batch(world: ConnectedSandbox) -> None:
    """The second Invoice of a batch fails, its neighbours do not."""
    customer, item = await world.customer(), await world.item()
    await plan(
        world, {"kind": "batch_item", "entity": "Invoice", "skip": 1, "code": "6000", "message": "m", "detail": "d"}
    )
    items = [{"bId": str(n), "operation": "create", "Invoice": sale(customer, item)} for n in range(3)]
    answer = (await world.post("batch", {"BatchItemRequest": items}))["BatchItemResponse"]
    assert [("Fault" if "Fault" in part else "Invoice") for part in answer] == ["Invoice", "Fault", "Invoice"]
    assert answer[1]["Fault"]["Error"][0]["code"] == "6000"


async def test_an_outage_lasts_its_time(world: ConnectedSandbox) -> None:
    """Everything fails from the first second to the last of the window."""
    await plan(world, {"kind": "outage", "seconds": 60, "after_s": 10})
    codes = []
    for _ in range(4):
        codes.append((await world.http.get("companyinfo/1")).status_code)
        world.clock.advance(25)
    assert codes == [200, 503, 503, 200]


async def test_rules_strike_only_what_they_name(world: ConnectedSandbox) -> None:
    """By entity, operation and place in the row."""
    await plan(world, {"kind": "fail_before", "entity": "Invoice", "operation": "create"})
    customer, item = await world.customer(), await world.item()
    assert (await world.http.post("invoice", content=dumps(sale(customer, item)))).status_code == 503
    await world.invoice(customer, item)


async def test_late_visibility(world: ConnectedSandbox) -> None:
    """Readable by id at once, seen by queries and change data capture only later."""
    await plan(world, {"kind": "late_visibility", "seconds": 20})
    customer = await world.customer()
    assert await world.read("Customer", customer["Id"])
    assert await world.query("select * from Customer") == {}
    changed = await world.get("cdc", entities="Customer", changedSince="2026-11-22T00:00:00Z")
    assert changed["CDCResponse"] == [{"QueryResponse": [{}]}]
    world.clock.advance(20)
    assert (await world.query("select count(*) from Customer"))["totalCount"] == 1


async def test_late_visibility_of_an_update_shows_the_older_version(world: ConnectedSandbox) -> None:
    """What was there before stays in queries until the time is over."""
    customer = await world.customer(Notes="old")
    await plan(world, {"kind": "late_visibility", "seconds": 20})
    await world.update("Customer", customer, Notes="new")
    text = "select Notes from Customer"
    assert (await world.query(text))["Customer"] == [{"Notes": "old"}]
    world.clock.advance(20)
    assert (await world.query(text))["Customer"] == [{"Notes": "new"}]


async def test_tokens_end_on_demand(world: ConnectedSandbox) -> None:
    """An expired token is refreshed; a revoked grant is not."""
    await plan(world, {"kind": "token_expired"})
    assert (await world.http.get("companyinfo/1")).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-token"}
    where: Any = {"data": form, "auth": ("sandbox-client", "sandbox-secret")}
    token = (await world.http.post("http://sandbox/oauth2/v1/tokens/bearer", **where)).json()["access_token"]
    world.http.headers["authorization"] = f"Bearer {token}"
    await world.get("companyinfo/1")
    await plan(world, {"kind": "token_revoked"})
    assert (await world.http.get("companyinfo/1")).status_code == 401
    answer = await world.http.post("http://sandbox/oauth2/v1/tokens/bearer", **where)
    assert answer.json()["error"] == "invalid_grant"


async def test_a_person_edits_between_calls(world: ConnectedSandbox) -> None:
    """The API's next write meets a SyncToken that moved."""
    customer = await world.customer()
    action = {"action": "edit", "entity": "Customer", "id": customer["Id"], "changes": {"Notes": "by hand"}}
    await plan(world, {"kind": "human", "do": action, "operation": "update"})
    body = {"Id": customer["Id"], "SyncToken": "0", "sparse": True, "CompanyName": "x"}
    assert (await world.fault("customer", body))["code"] == "5010"
    assert (await world.read("Customer", customer["Id"]))["Notes"] == "by hand"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"action": "rename", "name": "Other"}, "Other"),
        ({"action": "deactivate"}, "Xun Flower (deleted)"),
    ],
)
async def test_a_person_renames_and_deactivates(world: ConnectedSandbox, action: Doc, expected: str) -> None:
    """`POST /sandbox/human` goes through the same rules and counts no request."""
    customer = await world.customer()
    body = dumps({"entity": "Customer", "id": customer["Id"], **action})
    answer = await world.http.post("http://sandbox/sandbox/human", content=body)
    assert answer.json()["DisplayName"] == expected
    assert world.sandbox.realms[world.company.realm].stats.requests["total"] == 1


async def test_a_person_deletes_and_voids(world: ConnectedSandbox) -> None:
    """Without an id the newest of its kind."""
    customer, item = await world.customer(), await world.item()
    await world.invoice(customer, item)
    await world.create("Invoice", CustomerRef={"value": customer["Id"]}, Line=[line(item, "5.00")])
    for action in ("void", "delete"):
        body = dumps({"action": action, "entity": "Invoice"})
        assert (await world.http.post("http://sandbox/sandbox/human", content=body)).status_code == 200
    assert [doc["TotalAmt"] for doc in world.company.tables["Invoice"].values()] == [100]


def test_chance_is_seeded(world: ConnectedSandbox) -> None:
    """The same seed strikes the same requests."""
    rolls = []
    for _ in range(2):
        rule = FaultRule(kind="delay", probability=0.5, seed=7, count=None)
        rolls.append([world.sandbox.faults._strikes(rule) for _ in range(20)])
    assert rolls[0] == rolls[1]
    assert 0 < sum(rolls[0]) < 20


@pytest.mark.parametrize("body", [b'{"kind":"nope"}', b'{"kind":"delay","x":1}', b"[1]", b"not json"])
async def test_a_fault_that_makes_no_sense_is_refused(world: ConnectedSandbox, body: bytes) -> None:
    """With one sentence and no trace of Python."""
    answer = await world.http.post("http://sandbox/sandbox/faults", content=body)
    assert answer.status_code == 400
    assert "error" in answer.json()
