"""The marker survives whatever people write around it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.keys import SourceKey
from contracts.marker import Marker, find_marker, human_part, with_marker

KEY = SourceKey("shopify", "order", "450789469")
MARKER = Marker(KEY, {"v": "1732220000.3", "h": "9f2c1a7e"})


def test_marker_is_one_line_with_its_facts() -> None:
    """The pinned form."""
    assert str(MARKER) == "[qbb:shopify:order:450789469 v=1732220000.3 h=9f2c1a7e]"
    assert str(Marker(KEY)) == "[qbb:shopify:order:450789469]"


def test_marker_is_found_wherever_it_stands() -> None:
    """Before, between and after a person's words, and after a void that put its word in front."""
    for note in (str(MARKER), f"Voided\n{MARKER}", f"call first\n{MARKER}\nthen ship", f"see {MARKER} please"):
        assert find_marker(note) == MARKER


def test_customers_known_by_address_have_a_marker_too() -> None:
    """The kind may hold a dash."""
    marker = Marker(SourceKey("shopify", "customer-email", "ab12"))
    assert find_marker(str(marker)) == marker


def test_no_marker_is_none() -> None:
    """Nothing, words, and something that only looks like one."""
    for note in (None, "", "paid by phone", "[qbb:shopify]", "[qbb:shopify:order:]"):
        assert find_marker(note) is None


def test_new_marker_takes_the_place_of_the_old() -> None:
    """The person's text stays as it was."""
    note = with_marker("call first", MARKER)
    newer = Marker(KEY, {"v": "2"})
    assert with_marker(note, newer) == f"call first\n{newer}"
    assert human_part(with_marker(note, newer)) == "call first"
    assert with_marker(None, MARKER) == str(MARKER)


def test_marker_is_never_what_is_cut() -> None:
    """A text that leaves no room loses its end."""
    note = with_marker("x" * 5000, MARKER, length_max=4000)
    assert len(note) == 4000
    assert find_marker(note) == MARKER


@given(text=st.text(alphabet=st.characters(exclude_characters="\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\r["), max_size=300))
def test_any_text_of_a_person_is_kept(text: str) -> None:
    """Round trip, also twice."""
    once = with_marker(text, MARKER)
    assert find_marker(once) == MARKER
    assert human_part(once) == text.strip("\n")
    assert with_marker(once, MARKER) == once
