"""What is asked of the brokers about topics and rights, where they know less than Kafka's own."""

from __future__ import annotations

import pytest

from bridge.kafka import inspection
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.inspection import inspect_rights, inspect_topics
from bridge.kafka.topics import create_missing, log_topic


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer comes, however long one waits."""
    monkeypatch.setattr(inspection, "TIMEOUT_S", 1.0)


async def test_a_broker_that_describes_no_topics_still_says_which_there_are(
    embedded: KafkaConnection, unique: str
) -> None:
    """The embedded one answers nobody. Guards: `_from_metadata`, `NOT_DESCRIBED`."""
    await create_missing(embedded, [log_topic(f"{unique}.made")])
    made, missing = await inspect_topics(embedded, [f"{unique}.made", f"{unique}.missing"])
    assert (made.partitions > 0, made.refused, made.rights) == (True, None, None)
    assert (missing.partitions, missing.refused) == (0, None)


async def test_where_rights_are_not_told_none_is_missed(embedded: KafkaConnection) -> None:
    """And nothing is asked about transactions that are not used. Guards: TimeoutError of the group, `transactions`."""
    rights = await inspect_rights(embedded, "acme")
    assert (rights.group, rights.transactions) == (None, True)
