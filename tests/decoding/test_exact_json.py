"""The fast reader of JSON against the lenient one: where both read they read the same, and nothing is read by it alone.

`make test` goes through some thousands of damaged bodies, `make fuzz` through more than 100,000.
"""

from __future__ import annotations

from random import Random

import pytest

from bridge.decoding import texts
from bridge.demo.events import EventSettings, generate
from bridge.quickbooks import wire
from contracts.errors import UndecodableRecord
from contracts.exact_json import read_exactly
from tests.support.sizes import seeds

COUNT = 1_000
BODIES = [each.record.value for each in generate(EventSettings(orders=40)).events if each.record.value]
ODD = [
    b"NaN", b"Infinity", b"-Infinity", b"null", b"-0", b"-0.0", b"1e5", b"1E+400", b"1e999999999", b"1e-99999999999",
    b"1e99999999999999999999", b"0.10", b"00", b"01", b"1.", b".5", b"-", b"9007199254740993", b"1" * 5000,
    b"2." + b"3" * 400, b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\\u0000"', b'"\x01"', b'"\xff"', b'"\\x"', b"'a'",
    b'{"a":1,"a":2}', b'{"a":1,}', b"[1,]", b"[" * 250 + b"]" * 250, b"\xef\xbb\xbf", b"\xed\xa0\x80", b"//", b"\\",
    b'"', b",", b"{", b"}", b"true", b"True", b" ", b"\x0b", b"\xc2\xa0",
]  # fmt: skip
"""What writers of JSON get wrong, and what its grammar allows that few expect."""


def damaged(draw: Random) -> bytes:
    """A sound body with up to three pieces cut out, doubled, or replaced by something odd."""
    body = bytearray(draw.choice(BODIES))
    for _ in range(draw.randrange(4)):
        at = draw.randrange(len(body) + 1)
        until = min(len(body), at + draw.choice([0, 1, 1, 4, 40]))
        body[at:until] = draw.choice([b"", bytes([draw.randrange(256)]), body[at:until] * 2, draw.choice(ODD)])
    if draw.random() < 0.5:
        _in_place_of_a_value(body, draw)
    return bytes(body)


def _in_place_of_a_value(body: bytearray, draw: Random) -> None:
    """A whole value becomes something odd, so that all around it stays sound."""
    colons = [at for at, byte in enumerate(body) if byte == ord(":")]
    if colons:
        at = draw.choice(colons) + 1
        ends = [end for end in (body.find(b",", at), body.find(b"}", at)) if end >= 0]
        body[at : min(ends, default=len(body))] = draw.choice(ODD)


def fast(raw: bytes, *, names_once: bool) -> str | None:
    """What it reads, with the type and the digits of each number; None where it refuses."""
    try:
        return repr(read_exactly(raw, names_once=names_once))
    except ValueError:
        return None


def lenient_of_events(raw: bytes) -> str | None:
    """The same for the reader of events."""
    try:
        return repr(texts._read_leniently(raw))
    except UndecodableRecord:
        return None


@pytest.mark.parametrize("seed", seeds(6))
def test_what_the_fast_reader_reads_the_lenient_one_reads_too(seed: int) -> None:
    """Of events, where a field named twice is refused, and of QBO's answers, where the last one counts."""
    draw = Random(seed)  # noqa: S311 - no secret is drawn
    read = 0
    for _ in range(COUNT):
        raw = damaged(draw)
        of_event = fast(raw, names_once=True)
        if of_event is not None:
            read += 1
            assert of_event == lenient_of_events(raw), raw
        of_answer = fast(raw, names_once=False)
        if of_answer is not None:
            assert of_answer == repr(wire._read_leniently(raw)), raw
    assert COUNT / 10 < read < COUNT * 9 / 10, "the damage is too small or too large to compare anything"


@pytest.mark.parametrize("raw", BODIES[:20])
def test_a_sound_body_is_read_by_the_fast_reader(raw: bytes) -> None:
    """So that its speed is what a replay has."""
    assert fast(raw, names_once=True) == lenient_of_events(raw) != None  # noqa: E711 - a chain of comparisons


@pytest.mark.parametrize("odd", ODD)
def test_each_odd_value_alone_is_read_alike(odd: bytes) -> None:
    """Alone, in a list and as a field: the same value by the whole reader of events as by the lenient one."""
    for raw in (odd, b"[" + odd + b"]", b'{"a":' + odd + b"}", b"\xef\xbb\xbf" + odd):
        assert whole(raw) == lenient_of_events(raw)


def whole(raw: bytes) -> str | None:
    """What an event's bytes are read as."""
    try:
        return repr(texts.parse_bytes(raw))
    except UndecodableRecord:
        return None
