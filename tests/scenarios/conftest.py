"""The seed of everything random in a scenario: the same every time, or the one in `SCENARIO_SEED`."""

from __future__ import annotations

import os
from random import Random

import pytest


@pytest.fixture
def seed() -> int:
    """Shown by pytest when a test fails, as it is an argument of it."""
    return int(os.environ.get("SCENARIO_SEED", "20261122"))


@pytest.fixture
def chance(seed: int) -> Random:
    """What decides by that seed."""
    return Random(seed)  # noqa: S311 - a game, not a secret
