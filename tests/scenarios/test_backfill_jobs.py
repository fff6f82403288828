"""A backfill beside a live service: the owner does it, whoever that is, and the command only follows."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bridge.demo.events import ORDERS_ONLY, SampleEvent
from bridge.kafka.connection import KafkaConnection
from tests.support.backfills import (
    SLOW,
    Command,
    asked,
    backfill,
    backfilling,
    job_of,
    jsonl,
    pass_over,
    produce,
    sample_of,
    served,
    snapshot,
    terminal,
    until_told,
    wrong_in_the_books,
)
from tests.support.fleet import QUICK
from tests.support.processes import Replica, sandbox_server
from tests.support.stage import Stage

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@contextlib.asynccontextmanager
async def under_way(stage: Stage) -> AsyncIterator[tuple[Command, str]]:
    """A slow job of the service, some of which is told: the command that follows it, and its id."""
    stage.break_qbo(**SLOW)
    await served(stage)
    async with backfilling(stage) as command:
        ident = await asked(command)
        await until_told(stage, 5)
        yield command, ident


async def test_beside_a_live_service_it_is_a_job_and_posts_nothing_twice(stage: Stage) -> None:
    """Every record has another result with its id, and nothing more is in the books; the offsets stay."""
    sample = sample_of(20, mix=ORDERS_ONLY)
    produced = await produce(stage, sample.events)
    out = stage.folder / "out.jsonl"
    async with stage.bridge():
        await stage.outcomes(produced)
        before = await snapshot(stage)
        command = await backfill(stage, "--out", str(out))
        assert command.code == 0, command.err
        job_of(command)
        assert f"\n{produced} records in the range." in command.out
        assert not re.search("^(posted|dead_lettered) ", command.out, re.MULTILINE)
        after = await snapshot(stage)
    assert (after.ledger, after.writes, after.committed) == (before.ledger, before.writes, before.committed)
    assert len(jsonl(out)) == produced
    assert wrong_in_the_books(stage, sample) == ()


async def test_ctrl_c_leaves_the_job_running_and_follow_comes_back_to_it(stage: Stage) -> None:
    """Exit 1 and how to go on; the owner does the rest. Guard: only `--cancel` ends it."""
    sample = sample_of(60, mix=ORDERS_ONLY)
    await produce(stage, sample.events)
    await pass_over(stage)
    async with stage.bridge():
        async with under_way(stage) as (command, ident):
            command.send(signal.SIGINT)
            assert await command.ended(30) == 1
            assert f"Job {ident} goes on without this command" in command.err
        followed = await backfill(stage, "--follow", ident)
        assert followed.code == 0, followed.err
        unknown = await backfill(stage, "--follow", "0badcafe")
        assert (unknown.code, f"There is no job 0badcafe; there are {ident} (done)" in unknown.err) == (1, True)
    assert wrong_in_the_books(stage, sample) == ()


async def test_a_cancelled_job_leaves_nothing_half_booked(stage: Stage) -> None:
    """`--cancel` exits 0 once nothing more is written, the follower exits 1; another job books the rest."""
    sample = sample_of(140, mix=ORDERS_ONLY)
    produced = await produce(stage, sample.events)
    await pass_over(stage)
    async with stage.bridge():
        async with under_way(stage) as (command, ident):
            cancelled = await backfill(stage, "--cancel", ident)
            assert cancelled.code == 0, cancelled.err
            ended = await snapshot(stage)
            assert await command.ended(30) == 1
            assert f"Job {ident} was ended before the end of its range" in command.err
        await asyncio.sleep(3)
        assert (await snapshot(stage)).writes == ended.writes
        assert len(terminal(await stage.results())) < produced
        again = await backfill(stage, "--cancel", ident)
        assert (again.code, "is cancelled already" in again.out) == (0, True)
        rest = await backfill(stage)
        assert rest.code == 0, rest.err
    assert wrong_in_the_books(stage, sample) == ()


async def test_owners_that_are_killed_change_nothing_of_a_job_beside_live_orders(
    real: KafkaConnection, unique: str, tmp_path: Path
) -> None:
    """Killed twice in its midst: all is in the books once, and a second run posts nothing. Guard: the job's entry."""
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique, kafka_settings=QUICK)
        await stage.create_topics()
        sample = sample_of(120, mix=ORDERS_ONLY)
        history, live = sample.events[:300], sample.events[300:]
        await produce(stage, history)
        await pass_over(stage)
        stage.break_qbo(**SLOW)
        replicas = [serving(stage, "first"), serving(stage, "second")]
        try:
            await served(stage)
            async with backfilling(stage) as command:
                await asked(command)
                trickling = asyncio.create_task(trickled(stage, live))
                for number, told in enumerate((20, 120)):
                    await until_told(stage, told, timeout_s=120)
                    owner = next(each for each in replicas if each.lives and each.phase(stage.company) == "running")
                    owner.kill()
                    replicas.append(serving(stage, f"heir-{number}"))
                await trickling
                assert await command.ended(200) == 0, command.err
            await stage.outcomes(len(sample.events), timeout_s=120)
            stage.heal_qbo()
            assert wrong_in_the_books(stage, sample) == ()
            before = await snapshot(stage)
            again = await backfill(stage, timeout_s=120)
            assert again.code == 0, again.err
            assert not re.search("^posted ", again.out, re.MULTILINE)
            after = await snapshot(stage)
            assert (after.ledger, after.writes) == (before.ledger, before.writes)
        finally:
            for each in replicas:
                each.kill()


def serving(stage: Stage, name: str) -> Replica:
    """`qbo-bridge run`, until it is killed."""
    command = [sys.executable, "-m", "bridge.cli.app", "run", "--config", str(stage.config())]
    return Replica(name, command, stage.environment(), stage.folder)


async def trickled(stage: Stage, events: Sequence[SampleEvent]) -> None:
    """Live events, some each half second."""
    for first in range(0, len(events), 3):
        await produce(stage, events[first : first + 3])
        await asyncio.sleep(0.5)
