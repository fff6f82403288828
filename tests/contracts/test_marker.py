"""The marker is one line, and its signature alone makes it ours."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.keys import SourceKey
from contracts.marker import Marker
from contracts.marker_seal import MarkerSeal, marker_key
from tests.support.seals import TOKENS_KEY

REALM = "9130000000000001"
KEY = SourceKey("shopify", "order", "450789469")
MARKER = Marker(KEY, {"v": "1732220000.3", "h": "9f2c1a7e"})
SEAL = MarkerSeal(REALM, (marker_key(TOKENS_KEY),))
NEWER = MarkerSeal(REALM, (marker_key(bytes(32)), marker_key(TOKENS_KEY)))
LINE = SEAL.line("Invoice", MARKER)

WORDS = st.text(alphabet=st.characters(exclude_characters="\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\r["), max_size=300)
IDS = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="[]"), min_size=1)
VALUES = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="[]"), max_size=20)


def pinned(entity: str, key: str) -> str:
    """`s` as the outer surface pins it, told by nothing of ours."""
    own = hmac.new(TOKENS_KEY, b"qbo-bridge marker", hashlib.sha256).digest()
    digest = hmac.new(own, f"{REALM}/{entity}/{key}".encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")[:10]


def test_marker_is_one_line_with_its_facts_and_its_signature() -> None:
    """The pinned form."""
    signature = pinned("Invoice", "shopify:order:450789469")
    assert f"[qbb:shopify:order:450789469 v=1732220000.3 h=9f2c1a7e s={signature}]" == LINE
    assert SEAL.line("Payment", Marker(KEY)) == f"[qbb:{KEY} s={pinned('Payment', str(KEY))}]"


def test_marker_is_found_wherever_it_stands() -> None:
    """Before, between and after a person's words, and after a void that put its word in front."""
    for note in (LINE, f"Voided\n{LINE}", f"call first\n{LINE}\nthen ship", f"see {LINE} please"):
        assert SEAL.find("Invoice", note) == MARKER


def test_customers_known_by_address_have_a_marker_too() -> None:
    """The kind may hold a dash."""
    marker = Marker(SourceKey("shopify", "customer-email", "ab12"))
    assert SEAL.find("Customer", SEAL.line("Customer", marker)) == marker


@pytest.mark.parametrize(
    "note",
    [
        None,
        "",
        "paid by phone",
        "[qbb:shopify]",
        "[qbb:shopify:order:]",
        str(MARKER),
        str(Marker(KEY, {"s": ""})),
        str(Marker(KEY, {"s": pinned("Payment", str(KEY))})),
        str(Marker(KEY, {"s": pinned("Invoice", "shopify:order:450789468")})),
        str(Marker(KEY, {"s": pinned("Invoice", str(KEY)) + "A"})),
        str(Marker(KEY, {"s": pinned("Invoice", str(KEY))[:-1]})),
        str(Marker(KEY, {"s": "\u00e9" * 10})),
        LINE[:-1],
        LINE.replace("[qbb:", "[qbb: "),
        LINE.replace(" v=", "\nv="),
    ],
)
def test_what_only_looks_like_a_marker_is_a_strangers_text(note: str | None) -> None:
    """Unsigned, cut, signed for another entity or document, or broken over two lines; all of it stays."""
    assert SEAL.find("Invoice", note) is None
    assert SEAL.human_part("Invoice", note) == (note or "")


def test_another_company_and_another_key_are_strangers() -> None:
    """The signature names the company, and only who holds the key can make it."""
    assert replace(SEAL, realm_id="9130000000000002").find("Invoice", LINE) is None
    assert MarkerSeal(REALM, (marker_key(bytes(32)),)).find("Invoice", LINE) is None


def test_a_former_key_is_believed_and_the_current_one_signs() -> None:
    """A rotated key makes no stranger of what was written before."""
    assert NEWER.find("Invoice", LINE) == MARKER
    rewritten = NEWER.write("Invoice", f"call first\n{LINE}", MARKER)
    assert MarkerSeal(REALM, NEWER.keys[:1]).find("Invoice", rewritten) == MARKER
    assert NEWER.human_part("Invoice", rewritten) == "call first"


def test_a_seal_shows_no_key() -> None:
    """It may stand in a log or a traceback."""
    assert repr(SEAL) == f"MarkerSeal(realm_id='{REALM}')"


def test_new_marker_takes_the_place_of_the_old() -> None:
    """The person's text stays as it was, a stranger's marker in it too."""
    said = f"call first\n{Marker(KEY)}"
    note = SEAL.write("Invoice", said, MARKER)
    newer = Marker(KEY, {"v": "2"})
    assert SEAL.write("Invoice", note, newer) == f"{said}\n{SEAL.line('Invoice', newer)}"
    assert SEAL.human_part("Invoice", SEAL.write("Invoice", note, newer)) == said
    assert SEAL.write("Invoice", None, MARKER) == LINE


def test_marker_is_never_what_is_cut() -> None:
    """A text that leaves no room loses its end."""
    note = SEAL.write("Invoice", "x" * 5000, MARKER, length_max=4000)
    assert len(note) == 4000
    assert SEAL.find("Invoice", note) == MARKER


@given(text=WORDS)
def test_any_text_of_a_person_is_kept(text: str) -> None:
    """Round trip, also twice."""
    once = SEAL.write("Invoice", text, MARKER)
    assert SEAL.find("Invoice", once) == MARKER
    assert SEAL.human_part("Invoice", once) == text.strip("\n")
    assert SEAL.write("Invoice", once, MARKER) == once


@given(
    lines=st.lists(st.lists(st.sampled_from([LINE, "call first", "[qbb:", " ", str(MARKER)]), max_size=4), max_size=6),
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\x0b", "\x1c", "\x85", "\u2028"]), min_size=6, max_size=6),
)
def test_markers_are_taken_out_of_each_line_whatever_ends_it(lines: list[list[str]], ends: list[str]) -> None:
    """A line that was nothing but markers goes; blanks at the end of a line go where a marker went."""
    note = "".join("".join(parts) + end for parts, end in zip(lines, ends, strict=False))
    kept = []
    for parts in lines:
        left = "".join(part for part in parts if part != LINE)
        left = left.rstrip() if LINE in parts else left
        kept += [left] if left or not parts else []
    assert SEAL.human_part("Invoice", note) == "\n".join(kept).strip("\n")
    assert len(SEAL.read("Invoice", note).ours) == sum(parts.count(LINE) for parts in lines)


@given(ident=IDS, fields=st.dictionaries(st.from_regex(r"[a-z]{1,3}", fullmatch=True), VALUES, max_size=5))
def test_what_is_signed_is_believed(ident: str, fields: dict[str, str]) -> None:
    """Whatever the id and the pairs say, they come back; a pair `s` of theirs does not."""
    marker = Marker(SourceKey("shopify", "order", ident), fields)
    plain = {name: value for name, value in fields.items() if name != "s"}
    assert SEAL.find("Invoice", SEAL.line("Invoice", marker)) == replace(marker, fields=plain)


@given(at=st.integers(0, len(LINE) - 1), put=st.characters(exclude_categories=["Cs"]))
def test_a_marker_that_was_changed_names_no_other_document(at: int, put: str) -> None:
    """One character anywhere: it is a stranger's then, or it names the same document still."""
    changed = LINE[:at] + put + LINE[at + 1 :]
    found = SEAL.find("Invoice", changed)
    assert found is None or found.key == KEY
    within = re.search(r"order:(\d+)", LINE)
    assert within is not None
    if changed != LINE and within.start(1) <= at < within.end(1):
        assert found is None
