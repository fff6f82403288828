"""`results --last` counts results: whatever else has an offset on the topic is none."""

from __future__ import annotations

import json

import pytest

from contracts.records import OutboundRecord
from contracts.results import result_record
from tests.support.desk import Desk
from tests.support.results import result_of


@pytest.mark.parametrize("strangers", [0, 10, 200])
def test_as_many_results_are_shown_as_were_asked_for(desk: Desk, strangers: int) -> None:
    """However much lies behind them. Guard: `reaches` in `list_results`."""
    topic = f"results-{desk.name}"
    desk.put(*(_in_first_partition(result_record(result_of(number), topic)) for number in range(5)))
    desk.put(*(OutboundRecord(topic=topic, key=None, value=b"x", partition=0) for _ in range(strangers)))
    code, out, _ = desk.call("results", "--last", "3", "--json")
    assert code == 0
    assert [json.loads(each)["source"]["offset"] for each in out.splitlines()] == [2, 3, 4]


def _in_first_partition(record: OutboundRecord) -> OutboundRecord:
    return OutboundRecord(topic=record.topic, key=record.key, value=record.value, headers=record.headers, partition=0)
