"""Identity of documents and of calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import keys
from contracts.keys import SourceKey, batch_item_id, batch_request_id, escape, step_request_id, unescape
from contracts.marker import Marker
from tests.support.seals import SEAL

KEY = SourceKey("shopify", "order", "1")


@given(ident=st.text(min_size=1))
def test_key_reads_what_it_writes(ident: str) -> None:
    """The id may hold anything, colons too."""
    key = SourceKey("shopify", "order", ident)
    assert SourceKey.parse(str(key)) == key


@given(text=st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])))
def test_an_escaped_text_can_be_read_again(text: str) -> None:
    """So no two texts make one key, and a marker holds any of them."""
    key = SourceKey("shopify", "sku", escape(text))
    assert unescape(key.id) == text
    marker = SEAL.find("Item", SEAL.write("Item", "a note", Marker(key)))
    assert marker is not None
    assert marker.key == key


def test_two_parts_are_no_key() -> None:
    """System, kind and id."""
    with pytest.raises(ValueError, match="values"):
        SourceKey.parse("shopify:order")


def test_same_step_is_the_same_request() -> None:
    """And anything else is another one."""
    said = step_request_id("9", KEY, "Invoice", "create", sync_token=None, attempt=0)
    assert said == step_request_id("9", KEY, "Invoice", "create", sync_token=None, attempt=0)
    others = {
        step_request_id("8", KEY, "Invoice", "create", sync_token=None, attempt=0),
        step_request_id("9", SourceKey("shopify", "order", "2"), "Invoice", "create", sync_token=None, attempt=0),
        step_request_id("9", KEY, "Payment", "create", sync_token=None, attempt=0),
        step_request_id("9", KEY, "Invoice", "void", sync_token=None, attempt=0),
        step_request_id("9", KEY, "Invoice", "create", sync_token="0", attempt=0),
        step_request_id("9", KEY, "Invoice", "create", target="7", sync_token="0", attempt=0),
        step_request_id("9", KEY, "Invoice", "create", sync_token=None, attempt=1),
    }
    assert len(others | {said}) == 8


def test_ids_fit_intuit_s_limits() -> None:
    """50 for a request, 36 for a batch, 10 for an item in it."""
    said = step_request_id("9130000000000001", KEY, "JournalEntry", "sparse_update", sync_token="17", attempt=3)
    assert len(said) <= keys.REQUEST_ID_MAX
    assert len(batch_request_id([said, said])) <= keys.BATCH_REQUEST_ID_MAX
    assert len(batch_item_id(said)) <= keys.BATCH_ITEM_ID_MAX
    assert batch_request_id([said]) != batch_request_id([said, said])
