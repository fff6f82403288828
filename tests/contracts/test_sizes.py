"""The result and the dead letter of any record fit, whatever a source has written into it."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.dead_letters import dead_letter_record, fit_dead_letter
from contracts.records import Headers, InboundRecord
from contracts.results import PostedEntity, Reason, Result, ResultStatus, Source, read_result, result_record
from contracts.sizes import (
    HEADERS_BYTES_MAX,
    RECORD_BYTES_MAX,
    RESULT_BYTES_MAX,
    SHOWN_TEXT_MAX,
    TOPIC_BYTES_DEFAULT,
    cut_text,
    record_bytes,
    shown_text,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FACTS = {"reason-code": "undecodable", "reason": "no event", "topic": "t", "partition": "0", "offset": "1"}

CHARACTERS = st.sampled_from(["a", '"', "\\", "\x00", "\x1f", "\x7f", "\x85", "é", "…", "\N{GRINNING FACE}", "\ufffd"])
TEXTS = st.builds(
    lambda character, count, tail: character * count + tail,
    CHARACTERS,
    st.sampled_from([0, 1, 511, 512, 513, 5_000, 200_000, 900_000]),
    st.text(max_size=5),
)
SOURCES = st.builds(
    Source,
    system=st.none() | TEXTS,
    event_type=st.none() | TEXTS,
    event_id=st.none() | TEXTS,
    document=st.none() | TEXTS,
    topic=st.just("shopify.events"),
    partition=st.integers(0, 10),
    offset=st.integers(0, 2**63),
)
ENTITIES = st.builds(
    lambda entity, count: (entity,) * count,
    st.builds(PostedEntity, entity=TEXTS, operation=st.just("create"), id=TEXTS, doc_number=TEXTS, intuit_tid=TEXTS),
    st.sampled_from([0, 1, 199, 200, 201, 5_000]),
)


def result(source: Source, entities: tuple[PostedEntity, ...] = (), message: str = "why") -> Result:
    return Result(
        result_id="res-1",
        status=ResultStatus.IGNORED,
        company="acme-us",
        realm_id="91",
        source=source,
        entities=entities,
        reason=Reason(code="unknown_type", message=message, step=message),
        rules_version="r",
        occurred_at=None,
        received_at=NOW,
        posted_at=None,
    )


def source(**texts: str | None) -> Source:
    known = {"system": None, "event_type": None, "event_id": None, "document": None}
    return Source(**{**known, **texts}, topic="shopify.events", partition=0, offset=12)


@settings(deadline=None)
@given(source=SOURCES, entities=ENTITIES, message=TEXTS)
def test_any_result_fits(source: Source, entities: tuple[PostedEntity, ...], message: str) -> None:
    """Value, key and headers stay under 256 KiB, and no entity is lost uncounted."""
    record = result_record(result(source, entities, message), "qbo.results")
    assert record_bytes(record) < RESULT_BYTES_MAX
    told = read_result(record.value or b"")
    assert len(told.entities) <= 200
    assert len(told.entities) + told.entities_omitted == len(entities)


@given(text=TEXTS)
def test_a_text_is_shown_cut_and_harmless(text: str) -> None:
    """512 characters, `…` at the end of what was cut, no control character; what is neither stays as it is."""
    shown = shown_text(text)
    assert len(shown) == min(len(text), SHOWN_TEXT_MAX)
    assert shown.endswith("…") or len(text) <= SHOWN_TEXT_MAX
    assert not any(ord(each) < 0x20 or 0x7F <= ord(each) < 0xA0 for each in shown)
    assert shown == text or len(text) > SHOWN_TEXT_MAX or "\ufffd" in shown


def test_the_key_is_the_document_as_the_result_says_it() -> None:
    """A reader finds the result by the key that it reads in the result."""
    record = result_record(result(source(document="stripe:charge:\x00" + "x" * 600)), "qbo.results")
    document = orjson.loads(record.value or b"")["source"]["document"]
    assert document == "stripe:charge:\ufffd" + "x" * 496 + "…"
    assert record.key == document.encode()
    assert dict(record.headers)["ce_subject"] == document.encode()


def test_of_many_short_entities_two_hundred_are_named() -> None:
    """And the others are counted."""
    line = PostedEntity(entity="Item", operation="create", id="7", sync_token="0", request_id="r" * 60)
    told = read_result(result_record(result(source(), (line,) * 5_001), "qbo.results").value or b"")
    assert (len(told.entities), told.entities_omitted) == (200, 4_801)


NAMES = st.sampled_from(["X-Shopify-Topic", "a", "n" * 1_000, "n" * 70_000, "qbb-reason", "qbb-value-omitted"])
VALUES = st.sampled_from([None, b"", b"v", b"\xff", b"v" * 40_000, b"v" * 65_536, b"v" * 200_000, b"v" * 2_000_000])


@settings(deadline=None)
@given(
    key=st.sampled_from([None, b"k", b"k" * 900_000, b"k" * 2_000_000]),
    value=st.sampled_from([None, b"v", b"v" * 1_048_588, b"v" * 5_000_001, b"v" * 40_000_000]),
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=30).map(tuple),
    limit=st.sampled_from([400_000, TOPIC_BYTES_DEFAULT, RECORD_BYTES_MAX]),
)
def test_any_dead_letter_fits(key: bytes | None, value: bytes | None, headers: Headers, limit: int) -> None:
    """In any topic that takes a result: what does not fit is left out, and each omission is named."""
    letter = fit_dead_letter(dead_letter_record(record(key, value, headers), "dlq", FACTS), limit)
    assert record_bytes(letter) <= limit
    said = dict(letter.headers)
    assert (letter.value == value) != ("qbb-value-omitted" in said)
    assert (letter.key == key) != ("qbb-key-omitted" in said)
    kept = [header for header in letter.headers if not header[0].startswith("qbb-")]
    theirs = [header for header in headers if not header[0].startswith("qbb-")]
    assert (kept == theirs) != ("qbb-headers-omitted" in said)
    assert said["qbb-reason"] == b"no event"


def test_a_header_beyond_64_kib_is_left_out_and_named() -> None:
    """Its neighbours stay; a forged name of ours gives way."""
    headers = (("a", b"1"), ("big", b"x" * 70_000), ("qbb-headers-omitted", b"forged"), ("b", b"2"))
    letter = dead_letter_record(record(b"k", b"v", headers), "dlq", FACTS)
    assert letter.headers[:2] == (("a", b"1"), ("b", b"2"))
    assert [value for name, value in letter.headers if name == "qbb-headers-omitted"] == [b"big"]


def test_of_many_headers_the_largest_go_first() -> None:
    """Thirty of 40 kB are more than a topic takes; small ones stay."""
    headers = (*((f"h{number}", b"x" * 40_000) for number in range(30)), ("small", b"1"))
    letter = dead_letter_record(record(None, b"v", headers), "dlq", FACTS)
    assert ("small", b"1") in letter.headers
    assert record_bytes(letter) < HEADERS_BYTES_MAX + 10_000
    assert letter.value == b"v"


def record(key: bytes | None, value: bytes | None, headers: Headers) -> InboundRecord:
    return InboundRecord(topic="t", partition=0, offset=1, key=key, value=value, headers=headers, timestamp_ms=0)


@pytest.mark.parametrize(("length", "cut"), [(4, "abcd"), (3, "ab…"), (1, "…")])
def test_a_text_is_cut_to_its_bound(length: int, cut: str) -> None:
    """The `…` counts."""
    assert cut_text("abcd", length) == cut
