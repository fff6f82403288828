"""The seed of everything random in a scenario, the same every time or the one in `SCENARIO_SEED`; and a stage."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
import pytest_asyncio

from bridge.kafka.connection import KafkaConnection
from tests.support.processes import sandbox_server
from tests.support.stage import Stage


@pytest.fixture
def seed() -> int:
    """Shown by pytest when a test fails, as it is an argument of it."""
    return int(os.environ.get("SCENARIO_SEED", "20261122"))


@pytest.fixture
def chance(seed: int) -> Random:
    """What decides by that seed."""
    return Random(seed)  # noqa: S311 - a game, not a secret


@pytest_asyncio.fixture
async def stage(real: KafkaConnection, unique: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage on a real Kafka whose topics are there."""
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique)
        await stage.create_topics()
        yield stage
