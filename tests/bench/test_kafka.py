"""The bench of a served company runs to its end: a real process, a broker and the floor, a tiny size."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.kafka.connection import KafkaConnection
from tests.bench.kafka import measure

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


async def test_the_bench_of_a_served_company_measures_posting_and_replay(real: KafkaConnection, tmp_path: Path) -> None:
    """Each measurement has its number, and the floor answers every record."""
    rows = await measure(real, tmp_path, 20)
    assert [row.what for row in rows if row.measured <= 0] == []
    assert len(rows) == 5
