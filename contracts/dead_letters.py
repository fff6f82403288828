"""Dead letters: the original bytes with why they could not be booked, and with whatever of them fits.

What does not fit gives way in this order, and each omission is named in a header: an original header beyond 64 KiB,
the largest ones of many, the value, the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from contracts.records import Headers, InboundRecord, OutboundRecord
from contracts.sizes import (
    HEADER_BYTES_MAX,
    HEADERS_BYTES_MAX,
    RECORD_BYTES_MAX,
    SHOWN_TEXT_MAX,
    cut_text,
    header_bytes,
    record_bytes,
    shown_text,
)

DEAD_LETTER_PREFIX = "qbb-"
OWN_HEADERS = frozenset(
    f"{DEAD_LETTER_PREFIX}{name}"
    for name in (
        "reason-code reason company topic partition offset attempts fault-code intuit-tid failed-at "
        "value-omitted key-omitted headers-omitted ended-with"
    ).split()
)
"""What we put on a dead letter and take off again when it is redriven."""
REDRIVEN_FROM = f"{DEAD_LETTER_PREFIX}redriven-from"
"""On a redriven event and on its next dead letter: `topic:partition:offset` of a dead letter, once for each redrive."""

VALUE_OMITTED = (f"{DEAD_LETTER_PREFIX}value-omitted", b"too_large")
KEY_OMITTED = (f"{DEAD_LETTER_PREFIX}key-omitted", b"too_large")


def dead_letter_record(record: InboundRecord, topic: str, headers: Mapping[str, str]) -> OutboundRecord:
    """`record` as a dead letter: `headers` become `qbb-` headers, original headers are kept as far as they fit.

    An original header named like one of ours gives way, also where ours is empty and therefore left out.
    """
    kept, omitted = _fitting_headers(tuple(header for header in record.headers if header[0] not in OWN_HEADERS))
    said = {**headers, "headers-omitted": cut_text(",".join(map(shown_text, omitted)), 4 * SHOWN_TEXT_MAX)}
    ours: Headers = tuple((DEAD_LETTER_PREFIX + name, text.encode()) for name, text in said.items() if text)
    letter = OutboundRecord(topic=topic, key=record.key, value=record.value, headers=(*kept, *ours))
    return fit_dead_letter(letter, RECORD_BYTES_MAX)


def fit_dead_letter(letter: OutboundRecord, bytes_max: int) -> OutboundRecord:
    """`letter` in at most `bytes_max` bytes: without its value if need be, without its key if that is not enough."""
    if record_bytes(letter) > bytes_max and letter.value is not None:
        letter = replace(letter, value=None, headers=(*letter.headers, VALUE_OMITTED))
    if record_bytes(letter) > bytes_max and letter.key is not None:
        letter = replace(letter, key=None, headers=(*letter.headers, KEY_OMITTED))
    return letter


def _fitting_headers(headers: Headers) -> tuple[Headers, list[str]]:
    """The headers that are kept, in their order, and the names of the others; the largest ones go first."""
    sizes = [header_bytes(name, value) for name, value in headers]
    left_out = {place for place, size in enumerate(sizes) if size > HEADER_BYTES_MAX}
    total = sum(size for place, size in enumerate(sizes) if place not in left_out)
    for place in sorted(range(len(headers)), key=lambda place: -sizes[place]):
        if total <= HEADERS_BYTES_MAX:
            break
        if place not in left_out:
            left_out.add(place)
            total -= sizes[place]
    kept = tuple(header for place, header in enumerate(headers) if place not in left_out)
    return kept, [headers[place][0] for place in sorted(left_out)]
