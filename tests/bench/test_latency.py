"""The bench of the latency at a tiny size, and the time that it takes off: the union of spans."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.kafka.connection import KafkaConnection
from tests.bench import latency

SPANS = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda ends: (min(ends), max(ends)))


async def test_each_order_has_its_time_beyond_quickbooks(embedded: KafkaConnection) -> None:
    """Three orders, ten a second."""
    beyond_s = await latency.measure(embedded, 3, 10)
    assert len(beyond_s) == 3
    assert all(each > 0 for each in beyond_s)


@given(busy=st.lists(SPANS, max_size=6), within=SPANS)
def test_time_in_which_several_calls_were_under_way_counts_once(
    busy: list[tuple[int, int]], within: tuple[int, int]
) -> None:
    """Counted second by second."""
    seconds = sum(any(began <= each < ended for began, ended in busy) for each in range(*within))
    assert latency.union_s(busy, within) == seconds
