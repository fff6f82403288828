"""Tokens through real processes, a real broker and the sandbox's real token endpoint."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import httpx
import pytest

from bridge.clock import SystemClock
from bridge.demo.events import ORDERS_ONLY, SampleEvent
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import read_topic
from bridge.kafka.token_topic import KafkaTokenStore
from bridge.kafka.topics import create_missing, table_topic
from bridge.quickbooks.tokens import Tokens, new_key, token_key
from contracts.results import ResultStatus, read_result
from tests.support.consenting import connecting, decide
from tests.support.fleet import Fleet, fleet_of, until
from tests.support.processes import Replica

CHANCE = Random(7)  # noqa: S311 - where events lie, not who may know

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

ALWAYS_ROTATING = ("--no-limits", "--switch", "refresh_rotates_s=0")
WITHOUT_GRACE = (*ALWAYS_ROTATING, "--switch", "refresh_grace_s=0")
"""Every refresh ends the token that it was made with: whoever loses one, or uses one twice, is disconnected."""


@pytest.fixture
def tokens_on_kafka(monkeypatch: pytest.MonkeyPatch, unique: str) -> str:
    """Replicas of several machines share no disk."""
    topic = f"tokens-{unique}"
    monkeypatch.setenv("QBO_BRIDGE_TOKENS__STORE", "kafka")
    monkeypatch.setenv("QBO_BRIDGE_TOKENS__TOPIC", topic)
    return topic


async def settled(fleet: Fleet) -> int:
    """How many records have their terminal result."""
    found = [read_result(record.value or b"") async for record in read_topic(fleet.kafka, fleet.topic("qbo.results"))]
    assert not [result for result in found if result.status is ResultStatus.DEAD_LETTERED]
    return len({result.result_id for result in found if result.status is not ResultStatus.WAITING})


async def until_settled(fleet: Fleet, count: int, limit_s: float = 60.0) -> None:
    async with asyncio.timeout(limit_s):
        while await settled(fleet) < count:  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.5)


def orders(fleet: Fleet, seed: int, count: int) -> tuple[SampleEvent, ...]:
    """Events of sound orders."""
    return fleet.companies[0].sample(seed, count, ORDERS_ONLY).events


def refreshes(fleet: Fleet) -> int:
    """Requests to the token endpoint since `count_refreshes`."""
    return sum(int(rule["applied"]) for rule in fleet.faults() if rule["operation"] == "token" and rule["seconds"] == 0)


def count_refreshes(fleet: Fleet) -> None:
    fleet.break_qbo("delay", operation="token", seconds=0, count=None)


def expire_now_and_then(fleet: Fleet) -> None:
    """Three requests find the token expired, in the middle of what goes on; never the one that comes again at once."""
    for skip in (1, 5, 9):
        fleet.break_qbo("token_expired", skip=skip, count=1)


async def test_expiry_and_rotation_across_machines_lose_no_token(
    real: KafkaConnection, tmp_path: Path, tokens_on_kafka: str
) -> None:
    """Tokens expire in mid-flight and owners change; each refresh kills the one before, and nobody is disconnected.

    Guards: single flight, save before use, the store's newest wins.
    """
    async with fleet_of(real, tmp_path, sandbox=WITHOUT_GRACE) as fleet:
        await create_missing(real, [table_topic(tokens_on_kafka)])
        count_refreshes(fleet)
        first, second = fleet.start("first"), fleet.start("second")
        expire_now_and_then(fleet)
        produced = await fleet.produce(orders(fleet, 1, 10), CHANCE)
        await until_settled(fleet, produced)
        owner = first if first.events("company.owned") else second
        await asyncio.to_thread(owner.terminate)
        third = fleet.start("third")
        expire_now_and_then(fleet)
        produced += await fleet.produce(orders(fleet, 2, 10), CHANCE)
        await until_settled(fleet, produced)
        disconnected = [line for each in (first, second, third) for line in each.events("qbo.disconnected")]
        assert disconnected == []
        assert refreshes(fleet) >= 2


async def test_an_owner_that_freezes_in_mid_refresh_overwrites_nothing(
    real: KafkaConnection, tmp_path: Path, tokens_on_kafka: str
) -> None:
    """Frozen with the answer under way; its successor refreshes; the woken one finds that out. Guard: `supersede`."""
    async with fleet_of(real, tmp_path, sandbox=ALWAYS_ROTATING) as fleet:
        frozen = fleet.start("frozen")
        produced = await fleet.produce(orders(fleet, 1, 3), CHANCE)
        await until_settled(fleet, produced)
        fleet.break_qbo("token_expired", count=1)
        slow = fleet.break_qbo("delay", operation="token", seconds=3, count=None)
        produced += await fleet.produce(orders(fleet, 2, 3), CHANCE)
        await until(lambda: any(rule["id"] == slow and rule["applied"] for rule in fleet.faults()), "a refresh")
        frozen.freeze()
        fleet.heal_qbo()
        successor = fleet.start("successor")
        await until_settled(fleet, produced, 90)
        frozen.wake()
        await until(lambda: frozen.events("company.standby"), "the woken one standing by", 60)
        await asyncio.sleep(2)  # whatever it would still write
        fleet.break_qbo("token_expired", count=1)
        produced += await fleet.produce(orders(fleet, 3, 3), CHANCE)
        await until_settled(fleet, produced)
        assert frozen.events("qbo.disconnected") + successor.events("qbo.disconnected") == []


async def test_a_revoked_connection_is_said_once_and_goes_on_after_connect(
    real: KafkaConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything waits for a person: nothing is dead-lettered, the endpoint is left alone, /readyz says it.

    Guards: `_dead`, the sender's single report, the look into the store.
    """
    async with fleet_of(real, tmp_path) as fleet:
        (company,) = fleet.companies
        replica = fleet.start("one")
        produced = await fleet.produce(orders(fleet, 1, 3), CHANCE)
        await until_settled(fleet, produced)
        fleet.break_qbo("token_revoked", count=1)
        count_refreshes(fleet)
        produced += await fleet.produce(orders(fleet, 2, 3), CHANCE)
        await until(lambda: phase(replica) == "needs_reconnect", "the phase")
        await asyncio.sleep(8)  # several tries of the company
        assert len(replica.events("qbo.disconnected")) == 1
        assert len(replica.events("company.paused")) == 1
        assert refreshes(fleet) <= 2, "the store's token, and the environment's where it is another one"
        ready = replica.page("/readyz")
        assert ready.status_code == 503
        assert ready.json()["because"] == [f"{company.name} needs a person to connect it again"]
        assert await settled(fleet) < produced
        fleet.heal_qbo()
        config = tmp_path / f"bridge-{fleet.suffix}.toml"
        with connecting(config, company=company.name, environ=fleet.environment()) as command:
            await asyncio.to_thread(decide, await asyncio.to_thread(command.address))
            assert (await asyncio.to_thread(command.ended))[0] == 0
        await until_settled(fleet, produced, 75)
        assert phase(replica) == "running"
        assert await asyncio.to_thread(replica.terminate) < 30


def phase(replica: Replica) -> str:
    """What /status says about the only company."""
    try:
        return str(replica.page("/status").json()["companies"][0]["phase"])
    except httpx.HTTPError:
        return ""


async def test_a_full_disk_holds_the_newest_token_until_there_is_room(real: KafkaConnection, tmp_path: Path) -> None:
    """The process may write no larger file: the company waits, its token in hand; with room it goes on with that one.

    The endpoint takes each refresh token once, so a lost one would end the connection. Guard: `_unsaved`.
    """
    async with fleet_of(real, tmp_path, sandbox=WITHOUT_GRACE) as fleet:
        count_refreshes(fleet)
        produced = await fleet.produce(orders(fleet, 1, 3), CHANCE)
        config, log = fleet.config(), tmp_path / "limited.log"
        process = limited(config, fleet.environment(), log)
        try:
            await until(lambda: "File too large" in log.read_text(), "the full disk")
            assert await settled(fleet) == 0
            await asyncio.sleep(2)
            assert refreshes(fleet) == 1
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            await until_settled(fleet, produced, 90)
            assert refreshes(fleet) == 1, "the token in hand was kept, not another one asked for"
            assert "qbo.disconnected" not in log.read_text()
            kept = json.loads((tmp_path / f"tokens-{fleet.suffix}.enc").read_text())
            assert len(kept["qbo-bridge.tokens.v1"]) == 1
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 30)


def limited(config: Path, environ: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """`run` that may write files of 64 bytes only; its log goes through a pipe, to which limits do not apply."""
    words = [sys.executable, "-m", "bridge.cli.app", "run", "--config", str(config)]
    shell = f"ulimit -S -f 0; exec {' '.join(words)}"
    process = subprocess.Popen(["bash", "-c", f'exec > >(cat >> "{log}") 2>&1; {shell}'], env={**os.environ, **environ})
    log.touch()
    return process


async def test_a_wrong_key_of_the_topic_ends_the_start_with_one_sentence(
    real: KafkaConnection, tmp_path: Path, tokens_on_kafka: str
) -> None:
    """As with the file: what nobody can decrypt is the operator's to mend, now. Guard: the look before serving."""
    await create_missing(real, [table_topic(tokens_on_kafka)])
    async with fleet_of(real, tmp_path) as fleet:
        (company,) = fleet.companies
        store = KafkaTokenStore(tokens_on_kafka, token_key(new_key()), real, SystemClock())
        key = f"{company.realm} at {fleet.sandbox_url}/oauth2/v1/tokens/bearer"
        await store.save(key, Tokens(refresh_token="of another key"))
        replica = fleet.start("one")
        assert await asyncio.to_thread(replica.process.wait, 30) == 1
        last = replica.said.splitlines()[-1]
        assert "cannot be decrypted: QBO_BRIDGE_TOKENS__KEY must be the key that they were stored with." in last
        assert "Traceback" not in replica.said
