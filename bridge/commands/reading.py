"""Reading the bridge's own topics for the commands that show them."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator

from bridge.app import kafka_connection
from bridge.kafka.reader import read_topic
from bridge.settings import Settings
from contracts.records import InboundRecord


def read_records(
    settings: Settings, topic: str, *, last: int | None = None, follow: bool = False
) -> AsyncGenerator[InboundRecord, None]:
    """The records of one topic; a broker that is away is one sentence and not its library's log lines.

    Whoever stops before the end closes it (`contextlib.aclosing`), or the consumer is left open.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return read_topic(kafka_connection(settings.kafka), topic, last=last, follow=follow)
