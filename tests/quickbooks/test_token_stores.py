"""What every token store keeps to, the file and the topic alike."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.clock import SystemClock
from bridge.kafka import token_topic
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.journal import home_partition
from bridge.kafka.reader import publish, read_topic
from bridge.kafka.topics import PARTITIONS, create_missing, table_topic
from bridge.quickbooks import token_file
from bridge.quickbooks.tokens import Overtaken, Tokens, TokenStore, new_key
from contracts.errors import ConfigurationError
from contracts.records import OutboundRecord
from tests.support.quickbooks import REALM, valid_tokens
from tests.support.token_worker import open_store

ROOT = Path(__file__).parents[2]
OTHER_REALM = "9130000000000002"
KINDS = ["file", pytest.param("kafka", marks=pytest.mark.kafka)]


@dataclass(frozen=True)
class Place:
    """Where a store lives; `open` is another process's view of it."""

    kind: str
    where: str
    key: str

    def open(self, key: str | None = None) -> TokenStore:
        return open_store(self.kind, self.where, key or self.key)

    async def bytes(self) -> bytes:
        """All that somebody without the key can see."""
        if self.kind == "file":
            return await asyncio.to_thread(Path(self.where).read_bytes)
        return b"".join([record.value or b"" async for record in read_topic(self.connection, self.topic)])

    async def damage(self) -> None:
        """What was kept is there no more as it was."""
        if self.kind == "file":
            await asyncio.to_thread(Path(self.where).write_bytes, (await self.bytes())[:-40])
        else:
            home = home_partition(REALM, PARTITIONS)
            record = OutboundRecord(topic=self.topic, key=REALM.encode(), value=b"\x00" * 60, partition=home)
            await publish(self.connection, [record])

    @property
    def connection(self) -> KafkaConnection:
        return KafkaConnection(bootstrap_servers=self.where.partition("/")[0])

    @property
    def topic(self) -> str:
        return self.where.partition("/")[2]


@pytest_asyncio.fixture(params=KINDS)
async def place(request: pytest.FixtureRequest, tmp_path: Path, unique: str) -> AsyncIterator[Place]:
    kind, key = request.param, new_key()
    if kind == "file":
        yield Place(kind, str(tmp_path / "tokens.enc"), key)
        return
    real: KafkaConnection = request.getfixturevalue("real")
    topic = f"tokens-{unique}"
    await create_missing(real, [table_topic(topic)])
    yield Place(kind, f"{real.bootstrap_servers}/{topic}", key)


async def test_what_was_saved_is_loaded_by_another_process(place: Place) -> None:
    """The newest tokens, each company its own; an unknown company has none."""
    store = place.open()
    assert await store.load(REALM) is None
    await store.save(REALM, valid_tokens())
    await store.save(OTHER_REALM, valid_tokens(refresh_token="other"))
    await store.save(REALM, valid_tokens(refresh_token="newer"))
    again = place.open()
    assert await again.load(REALM) == valid_tokens(refresh_token="newer")
    assert await again.load(OTHER_REALM) == valid_tokens(refresh_token="other")
    assert await again.load("9130000000000003") is None


async def test_nobody_without_the_key_sees_a_token(place: Place) -> None:
    """Encrypted, whatever it is kept in."""
    await place.open().save(REALM, valid_tokens())
    seen = await place.bytes()
    assert len(seen) > 100
    assert b"refresh-0" not in seen
    assert b"access-0" not in seen


async def test_another_key_is_a_clear_error(place: Place) -> None:
    """Tokens of another key are not taken for none. Guard: `unseal` raises."""
    await place.open().save(REALM, valid_tokens())
    with pytest.raises(ConfigurationError, match="QBO_BRIDGE_TOKENS__KEY must be the key"):
        await place.open(new_key()).load(REALM)


async def test_what_is_damaged_is_a_clear_error(place: Place) -> None:
    """Neither read as empty nor written over by a refresh."""
    store = place.open()
    await store.save(REALM, valid_tokens())
    await place.damage()
    with pytest.raises(ConfigurationError):
        await store.load(REALM)
    with pytest.raises(ConfigurationError):
        await store.supersede(REALM, valid_tokens(), valid_tokens(refresh_token="newer"))


async def test_tokens_supersede_only_what_they_came_from(place: Place) -> None:
    """A process that was frozen between refresh and save overwrites nothing. Guard: the look in `supersede`."""
    frozen, other = place.open(), place.open()
    first, second, stale = (valid_tokens(refresh_token=name) for name in ("first", "second", "stale"))
    await frozen.supersede(REALM, None, first)
    await other.supersede(REALM, first, second)
    with pytest.raises(Overtaken):
        await frozen.supersede(REALM, first, stale)
    assert await frozen.load(REALM) == second
    await frozen.save(REALM, stale)  # a person who connects is always right
    assert await other.load(REALM) == stale


async def test_a_refresh_of_one_company_holds_back_that_company_only(place: Place) -> None:
    """One holder at a time. Guard: `exclusive`."""
    first, second = place.open(), place.open()
    order: list[str] = []

    async def wait_for_it() -> None:
        async with second.exclusive(REALM):
            order.append("second")

    async with first.exclusive(REALM):
        waiting = asyncio.create_task(wait_for_it())
        async with second.exclusive(OTHER_REALM):
            await asyncio.sleep(1.0)
        order.append("first")
    await asyncio.wait_for(waiting, 10)
    assert order == ["first", "second"]


async def test_a_holder_that_does_not_let_go_is_taken_for_frozen(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was killed or frozen in mid-refresh does not stop the company for ever."""
    monkeypatch.setattr(token_topic, "REFRESH_MAX_S", 1.5)
    monkeypatch.setattr(token_file, "_LOCK_WAIT_S", 1.5)
    frozen, successor = place.open(), place.open()
    await frozen.save(REALM, valid_tokens())
    async with frozen.exclusive(REALM):
        began = SystemClock().monotonic()
        async with successor.exclusive(REALM):
            assert 1.0 < SystemClock().monotonic() - began < 5
            await successor.supersede(REALM, valid_tokens(), valid_tokens(refresh_token="newer"))
        with pytest.raises(Overtaken):
            await frozen.supersede(REALM, valid_tokens(), valid_tokens(refresh_token="stale"))
    assert await successor.load(REALM) == valid_tokens(refresh_token="newer")


@pytest.mark.slow
async def test_processes_that_race_lose_no_token(place: Place) -> None:
    """Four processes count up by five each: each count was made from the one before. Guard: lock, or fencing."""
    times = 5
    command = [sys.executable, "-m", "tests.support.token_worker", place.kind, place.where, place.key, REALM]
    with contextlib.ExitStack() as stack:
        processes = [subprocess.Popen([*command, str(times)], cwd=ROOT) for _ in range(4)]  # noqa: ASYNC220 - they must run at once
        for process in processes:
            stack.enter_context(process)
            stack.callback(process.kill)
        codes = [await asyncio.to_thread(process.wait, 300) for process in processes]
    assert codes == [0] * 4
    assert await place.open().load(REALM) == Tokens(refresh_token=str(4 * times))
