"""Intuit's throttles: each alone, the time scale, and the body of a 429."""

import asyncio
from typing import Any

import pytest

from bridge.sandbox import FaultRule, SandboxLimits, SandboxSettings
from bridge.sandbox.wire import loads
from tests.support.connected_sandbox import ConnectedSandbox, connected

BATCH = b'{"BatchItemRequest":[{"bId":"1","Query":"select * from Item"},{"bId":"2","Query":"select * from Item"}]}'


async def limited(time_scale: float = 1, **limits: Any) -> ConnectedSandbox:
    return await connected(SandboxSettings(empty=True, limits=SandboxLimits(**limits), time_scale=time_scale))


async def reads(world: ConnectedSandbox, count: int) -> list[int]:
    return [(await world.http.get("companyinfo/1")).status_code for _ in range(count)]


async def test_ten_a_second() -> None:
    """The eleventh of a second is refused and does not count."""
    world = await limited()
    assert await reads(world, 12) == [200] * 10 + [429] * 2
    world.clock.advance(1)
    assert await reads(world, 1) == [200]


async def test_five_hundred_a_minute() -> None:
    """A sliding minute of the realm."""
    world = await limited()
    for _ in range(50):
        assert set(await reads(world, 10)) == {200}
        world.clock.advance(1)
    assert await reads(world, 1) == [429]
    world.clock.advance(10)
    assert await reads(world, 11) == [200] * 10 + [429]


async def test_forty_batches_a_minute_beside_the_requests() -> None:
    """A batch counts once, however many items it has."""
    world = await limited()
    codes = []
    for _ in range(41):
        codes.append((await world.http.post("batch", content=BATCH)).status_code)
        world.clock.advance(0.5)
    assert codes == [200] * 40 + [429]


async def test_items_may_count_by_switch() -> None:
    """Then two batches of two are four requests."""
    world = await limited(batch_counts_items=True, requests_per_minute=3)
    codes = [(await world.http.post("batch", content=BATCH)).status_code for _ in range(2)]
    assert codes == [200, 429]


async def test_time_scale_makes_a_minute_a_second() -> None:
    """Sixty times faster: the window of a minute is over after a second."""
    world = await limited(time_scale=60, requests_per_minute=2)
    assert await reads(world, 3) == [200, 200, 429]
    world.clock.advance(1)
    assert await reads(world, 1) == [200]


async def test_ten_at_once() -> None:
    """The eleventh request in flight is refused."""
    world = await limited(requests_per_second=1000)
    world.sandbox.faults.add(FaultRule(kind="delay", seconds=5, count=10))
    slow = [asyncio.ensure_future(world.http.get("companyinfo/1")) for _ in range(10)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert await reads(world, 1) == [429]
    world.clock.advance(5)
    assert [answer.status_code for answer in await asyncio.gather(*slow)] == [200] * 10
    assert await reads(world, 1) == [200]


@pytest.mark.parametrize("retry_after_s", [None, 30])
async def test_body_of_a_429(retry_after_s: int | None) -> None:
    """The gateway's envelope; Retry-After only by switch, as Intuit documents none."""
    world = await limited(requests_per_second=0, retry_after_s=retry_after_s)
    answer = await world.http.get("companyinfo/1")
    (error,) = loads(answer.content)["fault"]["error"]
    assert error["code"] == "3001"
    assert error["message"] == "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    assert answer.headers.get("retry-after") == (None if retry_after_s is None else "30")
    assert answer.headers["intuit_tid"].startswith("1-")


async def test_forty_mails_a_day() -> None:
    """The forty-first is refused, tomorrow is another day."""
    world = await limited(requests_per_second=1000, requests_per_minute=1000)
    invoice = await world.invoice(await world.customer(), await world.item())
    path = f"invoice/{invoice['Id']}/send?sendTo=a@example.com"
    codes = [(await world.http.post(path)).status_code for _ in range(41)]
    assert codes == [200] * 40 + [429]
