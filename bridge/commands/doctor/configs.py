"""How our topics are configured against what the bridge writes into them and reads from them. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bridge.commands.doctor.finding import Finding
from bridge.config.settings import TopicSettings
from bridge.kafka.inspection import TopicConfig, TopicState
from contracts.sizes import JOURNAL_BYTES_MIN, LETTER_BYTES_MIN, RESULT_BYTES_MAX

DAY_MS = 24 * 60 * 60 * 1000


def examine_config(topics: TopicSettings, topic: TopicState, others: Sequence[TopicState]) -> Iterator[Finding]:
    """What is wrong with a topic's configuration, the worst first; nothing where nobody tells it."""
    config = topic.config
    if config is None:
        return
    events = [each.config for each in others if each.name in topics.events and each.config is not None]
    about = f"topic {topic.name}"
    yield from _cleanup(about, config, is_table=topic.name not in _logs(topics))
    yield from _codec(about, config)
    yield from _size(about, config, _bytes_min(topics, topic.name))
    if topic.name == topics.results:
        yield from _retention(about, config, events)
    if topic.name == topics.dead_letters:
        yield from _value_limit(about, config, events)


def _logs(topics: TopicSettings) -> set[str]:
    return {*topics.events, topics.results, topics.dead_letters}


def _bytes_min(topics: TopicSettings, name: str) -> int:
    needs = {topics.results: RESULT_BYTES_MAX, topics.dead_letters: LETTER_BYTES_MIN, topics.journal: JOURNAL_BYTES_MIN}
    return needs.get(name, 0)


def _cleanup(about: str, config: TopicConfig, *, is_table: bool) -> Iterator[Finding]:
    """A table that also deletes by age loses what is still open."""
    policies = {each.strip() for each in config.cleanup.split(",")}
    policy, lost = ("compact", "entries") if is_table else ("delete", "records")
    if policies != {policy}:
        yield Finding(
            about, f"cleanup.policy is {config.cleanup}: {lost} would be lost", f"set cleanup.policy={policy}"
        )


def _codec(about: str, config: TopicConfig) -> Iterator[Finding]:
    if not config.is_readable:
        said = f"compression.type is {config.compression}, which cannot be read here"
        yield Finding(about, said, "install the Python package cramjam")


def _size(about: str, config: TopicConfig, bytes_min: int) -> Iterator[Finding]:
    if config.message_bytes < bytes_min:
        said = f"max.message.bytes is {config.message_bytes}: records of up to {bytes_min} would be refused"
        yield Finding(about, said, f"set max.message.bytes={bytes_min} or more")


def _retention(about: str, config: TopicConfig, events: Sequence[TopicConfig]) -> Iterator[Finding]:
    """A result must not go before its event: an event that comes again would be taken for one without a result."""
    kept, longest = _for_ever(config.retention_ms), max((_for_ever(each.retention_ms) for each in events), default=0.0)
    if kept < longest:
        said = f"kept for {_days(kept)}, the events for {_days(longest)}"
        most = -1 if math.isinf(longest) else int(longest)
        yield Finding(about, said, f"set retention.ms={most} or more")
    elif config.retention_bytes >= 0 and any(each.retention_bytes < 0 for each in events):
        said = f"retention.bytes is {config.retention_bytes}: results may go before their events"
        yield Finding(about, said, "set retention.bytes=-1", rare=True)


def _value_limit(about: str, config: TopicConfig, events: Sequence[TopicConfig]) -> Iterator[Finding]:
    largest = max((each.message_bytes for each in events), default=0)
    if config.message_bytes < largest:
        said = f"max.message.bytes is {config.message_bytes}: larger events lose their value in it"
        yield Finding(about, said, f"set max.message.bytes={largest}, as the events have", rare=True)


def _for_ever(retention_ms: int) -> float:
    return math.inf if retention_ms < 0 else float(retention_ms)


def _days(retention_ms: float) -> str:
    return "ever" if math.isinf(retention_ms) else f"{retention_ms / DAY_MS:g} days"
