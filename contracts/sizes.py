"""How large anything may be: the numbers that reading, results, dead letters, producers, topics and `doctor` share.

A text of a source is free: it may be a megabyte of control characters. What is read of it is bounded where it is read
(`cut_text`), what is published of it is bounded and made harmless where it is published (`shown_text`).
"""

from __future__ import annotations

import re

from contracts.records import OutboundRecord

EVENT_BYTES_MAX = 5_000_000
"""Orders of some hundred lines pass one megabyte; five are no order any more."""
BODY_TEXT_MAX = 4_000
"""Characters read of one text of an event: QBO's longest fields (Description, PrivateNote) take no more."""
SHOWN_TEXT_MAX = 512
"""Characters published of one text of a source."""
ENTITIES_SHOWN_MAX = 200
"""Entities named by one result; the rest is counted."""
RESULT_BYTES_MAX = 256 * 1024
"""A result record, value, key and headers: a quarter of what a topic with Kafka's own defaults takes."""
HEADER_BYTES_MAX = 64 * 1024
"""An original header beyond this is left out of a dead letter."""
HEADERS_BYTES_MAX = 256 * 1024
"""All original headers of a dead letter together."""
KEY_BYTES_MAX = 128
"""The key of a source document: with its company's name it leaves room for what is recorded of it in 300 bytes."""
JOURNAL_ENTRY_BYTES_MAX = 900_000
"""An event that is kept while it waits: what a topic with Kafka's own defaults takes."""
LETTER_BYTES_MIN = 512 * 1024
"""A dead letter without its value and its key always fits into this: its headers, the original ones and ours."""
JOURNAL_BYTES_MIN = 1_000_000
"""What the journal's topic must take: such an event, or a batch of requests (compressed), with its frame."""
TOPIC_BYTES_DEFAULT = 1_048_588
"""`max.message.bytes` where nobody has set it (Kafka's documentation of topic configurations)."""
RECORD_BYTES_MAX = 32 * 1024 * 1024
"""`max.message.bytes` of the topics that we create, and the largest record that our producers hand over."""
REQUEST_BYTES_MAX = RECORD_BYTES_MAX + 1024 * 1024
"""A producer's request: one such record with its frame. aiokafka measures a record generously against it."""

RECORD_FRAME_BYTES = 128
"""What Kafka's format adds to a record that is alone in its batch, at most."""
HEADER_FRAME_BYTES = 10
"""What Kafka's format adds to a header, at most: the lengths of its name and its value."""

MORE = "…"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def cut_text(text: str, length_max: int = BODY_TEXT_MAX) -> str:
    """`text` in at most `length_max` characters; one that is cut ends in `…`."""
    return text if len(text) <= length_max else text[: length_max - len(MORE)] + MORE


def shown_text(text: str) -> str:
    """`text` as it may be published: at most 512 characters, each control character as U+FFFD."""
    cut = cut_text(text, SHOWN_TEXT_MAX)
    return cut if cut.isprintable() else _CONTROL.sub(_REPLACEMENT, cut)


def header_bytes(name: str, value: bytes | None) -> int:
    """What a header takes in a record, at most."""
    return len(name.encode()) + len(value or b"") + HEADER_FRAME_BYTES


def record_bytes(record: OutboundRecord) -> int:
    """What a record takes in its topic, uncompressed, at most."""
    headers = sum(header_bytes(name, value) for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers + RECORD_FRAME_BYTES
