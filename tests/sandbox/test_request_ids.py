"""`requestid`: what is measured, what is documented, and the switches for what nobody published."""

import asyncio
from typing import Any

import httpx
import pytest

from bridge.sandbox import FaultRule, SandboxSettings, Switches
from bridge.sandbox.wire import Doc
from tests.support.connected_sandbox import UNLIMITED, ConnectedSandbox, connected, sale


async def switched(**switches: Any) -> ConnectedSandbox:
    return await connected(SandboxSettings(empty=True, limits=UNLIMITED, switches=Switches(**switches)))


def batch(*names: str, bids: str = "") -> Doc:
    items = [
        {"bId": bid, "operation": "create", "Customer": {"DisplayName": name}}
        for bid, name in zip(bids or "12345", names, strict=False)
    ]
    return {"BatchItemRequest": items}


async def test_same_id_and_body_gives_the_first_answer_and_creates_nothing(world: ConnectedSandbox) -> None:
    """Byte for byte the same, however long after."""
    first = await world.http.post("customer?requestid=a", content=b'{"DisplayName":"Ann"}')
    world.clock.advance(90 * 60)
    world.sandbox.tokens.expire_access()
    headers = {"authorization": f"Bearer {world.sandbox.access_token()}"}
    second = await world.http.post("customer?requestid=a", content=b'{"DisplayName":"Ann"}', headers=headers)
    assert second.content == first.content
    assert len(world.company.tables["Customer"]) == 1


async def test_same_id_with_another_body_drops_the_new_write(world: ConnectedSandbox) -> None:
    """Measured: HTTP 200 with the original entity."""
    await world.post("customer", {"DisplayName": "Ann"}, requestid="a")
    answer = await world.post("customer", {"DisplayName": "Bob"}, requestid="a")
    assert answer["Customer"]["DisplayName"] == "Ann"
    assert [doc["DisplayName"] for doc in world.company.tables["Customer"].values()] == ["Ann"]


async def test_another_body_may_be_switched_to_fault_600() -> None:
    """The documented code that nobody has seen."""
    world = await switched(body_mismatch="fault_600")
    await world.post("customer", {"DisplayName": "Ann"}, requestid="a")
    assert (await world.fault("customer", {"DisplayName": "Bob"}, requestid="a"))["code"] == "600"


async def test_a_fault_frees_its_id_by_default_and_is_replayed_by_switch() -> None:
    """After 6240 the same id may succeed, unless faults are remembered."""
    for replay, expected in ((False, 200), (True, 400)):
        world = await switched(replay_faults=replay)
        vendor = await world.create("Vendor", DisplayName="Ann")
        await world.post("customer", {"DisplayName": "Ann"}, 400, requestid="a")
        await world.update("Vendor", vendor, DisplayName="Anna")
        await world.post("customer", {"DisplayName": "Ann"}, expected, requestid="a")


async def test_the_window_forgets() -> None:
    """With a window the same id is a new request after it."""
    world = await switched(replay_window_s=60)
    await world.post("customer", {"DisplayName": "Ann"}, requestid="a")
    world.clock.advance(61)
    assert (await world.fault("customer", {"DisplayName": "Ann"}, requestid="a"))["code"] == "6240"


async def test_batch_items_are_remembered_by_the_pair(world: ConnectedSandbox) -> None:
    """A shrunken or grown retry replays the known pairs and applies the others."""
    first = await world.post("batch", batch("Ann", "Bob"), requestid="b")
    again = await world.post("batch", batch("Ann", "Bob", "Cid"), requestid="b")
    assert again["BatchItemResponse"][:2] == first["BatchItemResponse"]
    assert len(world.company.tables["Customer"]) == 3


async def test_a_batch_may_be_remembered_by_its_id_alone() -> None:
    """By switch the whole first answer comes back, whatever the items."""
    world = await switched(batch_request_id="requestid_alone")
    first = await world.post("batch", batch("Ann"), requestid="b")
    assert await world.post("batch", batch("Bob", "Cid"), requestid="b") == first
    assert len(world.company.tables["Customer"]) == 1


@pytest.mark.parametrize(
    ("path", "body", "request_id"),
    [
        ("customer", {"DisplayName": "Ann"}, "x" * 51),
        ("batch", batch("Ann"), "x" * 37),
        ("batch", {"BatchItemRequest": [{"bId": "12345678901", "Query": "select * from Item"}]}, "b"),
    ],
)
async def test_ids_that_are_too_long_are_refused(
    world: ConnectedSandbox, path: str, body: Doc, request_id: str
) -> None:
    """50 for a single request, 36 for a batch, 10 for its bIds."""
    assert (await world.fault(path, body, requestid=request_id))["code"] == "2130"


@pytest.mark.parametrize(("reserve_at", "customers"), [("acceptance", 1), ("commit", 2)])
async def test_a_retry_while_the_first_is_still_being_applied(reserve_at: Any, customers: int) -> None:
    """Reserved at acceptance it waits for the first; reserved at commit both are applied."""
    world = await switched(reserve_at=reserve_at)
    item = await world.item()
    world.sandbox.faults.add(FaultRule(kind="late_apply", seconds=5))
    body = sale(await _quiet_customer(world), item, "5.00")
    with pytest.raises(httpx.RemoteProtocolError):
        await world.post("invoice", body, requestid="a")
    retry = asyncio.ensure_future(world.post("invoice", body, requestid="a"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert retry.done() == (reserve_at == "commit")
    world.clock.advance(5)
    answer = await retry
    for _ in range(20):
        await asyncio.sleep(0)
    assert answer["Invoice"]["TotalAmt"] == 5
    assert len(world.company.tables["Invoice"]) == customers


async def _quiet_customer(world: ConnectedSandbox) -> Doc:
    """A customer made while a fault waits for the next request of the API."""
    rules, world.sandbox.faults.rules = world.sandbox.faults.rules, []
    customer = await world.customer()
    world.sandbox.faults.rules = rules
    return customer
