"""The behaviour suite's two brokers: every test runs against both."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bridge.kafka.connection import KafkaConnection
from tests.support.kafka.bus import Bus


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "mock_cannot(reason): the embedded broker must fail this test, for that reason")


@pytest_asyncio.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.kafka)])
async def bus(request: pytest.FixtureRequest, unique: str) -> AsyncIterator[Bus]:
    """A company's own topics on either broker. What the mock cannot do fails there, and must."""
    connection: KafkaConnection = request.getfixturevalue(request.param)
    bus = Bus(connection, f"company-{unique}")
    limit = request.node.get_closest_marker("mock_cannot")
    if limit is not None and request.param == "embedded":
        request.applymarker(pytest.mark.xfail(strict=True, reason=limit.args[0]))
        bus = dataclasses.replace(bus, patience_s=4.0)
    await bus.create()
    yield bus
    await bus.close()
    gc.collect()


@pytest_asyncio.fixture
async def real_bus(real: KafkaConnection, unique: str) -> AsyncIterator[Bus]:
    """For what needs groups of several members: that the mock has none is shown once, in test_owners."""
    bus = Bus(real, f"company-{unique}")
    await bus.create()
    yield bus
    await bus.close()
