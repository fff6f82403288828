"""The bench of parked events runs to its end."""

from __future__ import annotations

from tests.bench.waiting import measure


async def test_a_tiny_bench_of_parked_events_measures_everything() -> None:
    """Guard: a bench that nobody runs dies unseen."""
    rows = await measure(parked=20, orders=2)
    assert len(rows) == 8
    assert all(rows.values())
