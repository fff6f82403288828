"""Which configuration of a topic is a problem, which is a note, and which is neither."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.commands.doctor.configs import DAY_MS, examine_config
from bridge.config.settings import TopicSettings
from bridge.kafka.inspection import TopicConfig, TopicState
from contracts.sizes import RECORD_BYTES_MAX, RESULT_BYTES_MAX, TOPIC_BYTES_DEFAULT

TOPICS = TopicSettings()
LOG = TopicConfig(
    cleanup="delete",
    message_bytes=TOPIC_BYTES_DEFAULT,
    retention_ms=7 * DAY_MS,
    retention_bytes=-1,
    compression="producer",
)
TABLE = replace(LOG, cleanup="compact")


def found(name: str, config: TopicConfig | None, events: TopicConfig = LOG) -> list[tuple[str, str, bool]]:
    """What is said of one topic beside event topics of that configuration."""
    topic = TopicState(name=name, partitions=6, config=config, rights=None)
    others = [topic, *(TopicState(name=each, partitions=6, config=events, rights=None) for each in TOPICS.events)]
    return [(each.said, each.remedy, each.is_problem) for each in examine_config(TOPICS, topic, others)]


@pytest.mark.parametrize("name", [*TOPICS.events, TOPICS.results, TOPICS.dead_letters])
def test_topics_with_kafka_s_own_defaults_are_fine(name: str) -> None:
    """The size contract is made for them; and where nobody tells the configuration nothing is said."""
    assert found(name, LOG) == found(name, None) == []


@pytest.mark.parametrize("name", [TOPICS.journal, TOPICS.ids, "qbo.tokens"])
def test_a_table_must_be_compacted_and_nothing_else(name: str) -> None:
    """One that also deletes by age loses requests that nobody has settled."""
    assert found(name, TABLE) == []
    for cleanup in ("delete", "compact,delete"):
        ((said, remedy, problem),) = found(name, replace(TABLE, cleanup=cleanup))
        assert (said, remedy, problem) == (
            f"cleanup.policy is {cleanup}: entries would be lost",
            "set cleanup.policy=compact",
            True,
        )


def test_a_log_must_not_be_compacted() -> None:
    """Results of one document would replace each other."""
    assert found(TOPICS.results, TABLE)[0][0] == "cleanup.policy is compact: records would be lost"


@pytest.mark.parametrize(("name", "needed"), [(TOPICS.results, RESULT_BYTES_MAX), (TOPICS.journal, 1_000_000)])
def test_a_topic_that_takes_less_than_is_written_into_it_is_a_problem(name: str, needed: int) -> None:
    """Guard: `_bytes_min`."""
    config = TABLE if name == TOPICS.journal else LOG
    assert found(name, replace(config, message_bytes=needed)) == []
    ((said, remedy, problem),) = found(name, replace(config, message_bytes=needed - 1))
    assert said == f"max.message.bytes is {needed - 1}: records of up to {needed} would be refused"
    assert (remedy, problem) == (f"set max.message.bytes={needed} or more", True)


def test_dead_letters_that_lose_large_values_are_a_note() -> None:
    """They are written all the same."""
    ((said, remedy, problem),) = found(TOPICS.dead_letters, LOG, replace(LOG, message_bytes=RECORD_BYTES_MAX))
    assert said == f"max.message.bytes is {TOPIC_BYTES_DEFAULT}: larger events lose their value in it"
    assert (remedy, problem) == (f"set max.message.bytes={RECORD_BYTES_MAX}, as the events have", False)


@pytest.mark.parametrize(("events_ms", "kept"), [(8 * DAY_MS, "8 days"), (-1, "ever")])
def test_results_that_go_before_their_events_are_a_problem(events_ms: int, kept: str) -> None:
    """For ever is longer than any time."""
    ((said, remedy, problem),) = found(TOPICS.results, LOG, replace(LOG, retention_ms=events_ms))
    assert (said, problem) == (f"kept for 7 days, the events for {kept}", True)
    assert remedy == f"set retention.ms={events_ms} or more"
    assert found(TOPICS.results, replace(LOG, retention_ms=-1), replace(LOG, retention_ms=events_ms)) == []


def test_results_that_are_bounded_by_size_are_a_note() -> None:
    """Nobody knows how soon that is."""
    ((_, remedy, problem),) = found(TOPICS.results, replace(LOG, retention_bytes=10**9))
    assert (remedy, problem) == ("set retention.bytes=-1", False)


@pytest.mark.parametrize("compression", ["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"])
def test_every_codec_of_kafka_is_fine(compression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the library that reads it is missing. Guard: `is_readable`."""
    assert found(TOPICS.events[0], replace(LOG, compression=compression)) == []
    monkeypatch.setattr("aiokafka.codec.cramjam", None)
    told = found(TOPICS.events[0], replace(LOG, compression=compression))
    assert [remedy for _, remedy, _ in told] == (
        [] if compression in {"gzip", "uncompressed"} else ["install the Python package cramjam"]
    )
