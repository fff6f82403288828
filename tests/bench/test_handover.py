"""The bench of the hand-over runs to its end: two real processes and a broker, a tiny record of Ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.kafka.connection import KafkaConnection
from tests.bench.handover import measure

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


async def test_the_bench_of_the_hand_over_measures_how_soon_the_heir_serves(
    real: KafkaConnection, tmp_path: Path
) -> None:
    """Each measurement has its number."""
    rows = await measure(real, tmp_path, 50)
    assert len(rows) == 3
    assert rows["recorded documents"] == "50"
    assert all(float(each) > 0 for each in rows.values())
