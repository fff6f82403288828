"""JSON in and out of QBO without a float in between."""

from __future__ import annotations

from decimal import Decimal
from xml.parsers.expat import ParserCreate
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.quickbooks import wire
from bridge.quickbooks.batching import WireStep, pack
from bridge.quickbooks.verify import mismatch
from contracts.entities import number

NUMBERS = st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=6)
FORBIDDEN = [*map(chr, {*range(0x20)} - {0x09, 0x0A, 0x0D}), "\ufffe", "\uffff"]
"""XML 1.0, section 2.2: what is no Char, beside surrogates."""
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=FORBIDDEN))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS, VALUES))
def test_what_is_written_reads_back_the_same(value: dict[str, object]) -> None:
    """Numbers of any size and precision survive the way out and back."""
    assert wire.loads(wire.dumps(value)) == value


@given(text=st.text(st.characters() | st.sampled_from(FORBIDDEN)), place=st.sampled_from(["text", "key", "list"]))
def test_what_xml_forbids_never_goes_out(text: str, place: str) -> None:
    """Wherever it stands in a body; QBO keeps XML and answers such a character with 500, every time."""
    bodies: dict[str, dict[str, object]] = {
        "text": {"Note": text},
        "key": {text: "x"},
        "list": {"Line": [{"Description": text}]},
    }
    told = _texts(wire.loads(wire.dumps(bodies[place])))
    ParserCreate().Parse(f"<text>{escape(told)}</text>", True)


def test_a_text_is_the_same_where_it_is_sent_and_where_it_is_compared() -> None:
    """Else a forbidden character in a number would look like another document's answer and stop the company."""
    step = WireStep(entity="Invoice", operation="create", body={"DocNumber": "10\x0143"}, request_id="r")
    (request,) = pack([step])
    assert mismatch(step.body, wire.loads(request.body) or {}) is None
    assert step.body["DocNumber"] == "10\ufffd43"


def _texts(value: object) -> str:
    if isinstance(value, dict):
        return "".join(key + _texts(item) for key, item in value.items())
    return "".join(map(_texts, value)) if isinstance(value, list) else str(value)


def test_amounts_keep_their_digits() -> None:
    """The digits of an amount are those that were written, trailing zeros included."""
    assert wire.dumps({"Amount": Decimal("100.10")}) == b'{"Amount":100.10}'
    assert wire.dumps({"Rate": Decimal("1E-7")}) == b'{"Rate":0.0000001}'
    assert str((wire.loads(b'{"Amount":100.10}') or {})["Amount"]) == "100.10"


def test_integers_of_any_size_are_read_and_written() -> None:
    """Ids beyond 64 bits are not rounded."""
    assert wire.loads(wire.dumps({"Id": 2**80})) == {"Id": 2**80}


@pytest.mark.parametrize("value", [1.5, float("nan"), Decimal("NaN"), Decimal("Infinity"), object(), b"x"])
def test_what_is_not_exact_is_refused(value: object) -> None:
    """A float never reaches the books, however harmless it looks."""
    with pytest.raises(TypeError):
        wire.dumps({"Amount": [value]})


@pytest.mark.parametrize(
    "raw",
    [b"", b"<html>", b"[1]", b'{"a":', b'{"a":NaN}', b'{"a":' * 100_000, b"\xff\xfe", b"1" * 5000],
    ids=["empty", "html", "list", "cut off", "NaN", "deep", "not UTF-8", "huge number"],
)
def test_what_is_no_whole_object_is_none(raw: bytes) -> None:
    """Whatever comes back, reading it does not raise."""
    assert wire.loads(raw) is None


def test_broken_escapes_from_upstream_do_not_stop_a_wave() -> None:
    """A lone surrogate becomes the replacement character, a pair in two halves becomes its character."""
    assert wire.loads(wire.dumps({"Note": "a\ud800b", "Pair": "\ud83d\ude00"})) == {"Note": "a\ufffdb", "Pair": "😀"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, 0), ("12.50", Decimal("12.5")), (Decimal(3), 3), (True, None), ("x", None), (None, None), ("NaN", None)],
)
def test_numbers_are_found_in_any_dress(value: object, expected: object) -> None:
    """Money arrives as 0, 25.0 or text; anything else is no number."""
    assert number(value) == expected
