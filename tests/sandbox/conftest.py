"""What tests of the sandbox are given."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bridge.sandbox import SandboxSettings
from tests.support.connected_sandbox import UNLIMITED, ConnectedSandbox, connected


@pytest.fixture
async def world() -> AsyncIterator[ConnectedSandbox]:
    """An empty US company without limits."""
    opened = await connected(SandboxSettings(empty=True, limits=UNLIMITED))
    yield opened
    await opened.http.aclose()
