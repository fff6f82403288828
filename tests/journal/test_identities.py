"""What the record of Ids keeps of a source document: small enough, read again by every release, never a guess."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.index.identities import KEPT, MAY_BE_MISSING, Identities, Identity, Recorded
from bridge.index.index import Index, Posted
from bridge.journal.identities import BYTES_MAX, RecordOfIds, identity_value, read_identities
from contracts.errors import UnreadableJournal
from contracts.keys import SourceKey
from contracts.marker import CATALOGUE, TRANSACTIONS, Marker, MarkerField
from tests.support.assembly import MemoryTable
from tests.support.plans import BORN, ORDER, transaction_key
from tests.support.seals import SEAL

FIXTURE = Path(__file__).parent / "fixtures" / "ids" / "0.1.0.jsonl"
SALE = Identity("145", {"t": "42.90", "c": "60", "v": "1772514270.4", "h": "2000b6cd69"})
WRITTEN = {
    SourceKey("shopify", "order", "7203456112884"): Recorded({"Invoice": SALE}),
    SourceKey("shopify", "transaction", "11"): Recorded(
        {"Payment": Identity("146", {"t": "42.90", "o": "7203456112884"})}
    ),
    SourceKey("stripe", "charge", "ch_1"): Recorded(
        {"Payment": Identity("150", {"t": "9.00"}), "JournalEntry": Identity("151")}
    ),
    SourceKey("stripe", "charge", "ch_2"): Recorded(left_out="booked_by_shop"),
}
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_characters="]"), min_size=1, max_size=400)
IDENTITIES = st.builds(
    Identity,
    id=st.integers(1, 10**18).map(str),
    fields=st.dictionaries(st.sampled_from([str(name) for name in KEPT]), VALUES),
)


TOO_MANY = {"t": "42.90", str(MarkerField.GIFT_CARDS): ",".join(f"transaction.{at}:1.00" for at in range(40))}


def entries(written: dict[SourceKey, Recorded]) -> dict[str, bytes]:
    return {str(key): identity_value(str(key), recorded) for key, recorded in written.items()}


def test_each_pair_that_a_transaction_can_have_is_kept() -> None:
    """What is not in `KEPT` would be lost without a word. Customers are not recorded, a signature is made anew."""
    assert set(KEPT) == set(CATALOGUE) - {MarkerField.WRITTEN, MarkerField.SIGNATURE}


def test_an_entry_is_read_as_it_was_written() -> None:
    """Ids, pairs and reasons."""
    assert dict(read_identities(entries(WRITTEN))) == WRITTEN


def test_the_entries_of_the_first_release_are_read_and_written_still() -> None:
    """Guard: a format that changes under its old number."""
    kept = {line["key"]: orjson.dumps(line["value"]) for line in map(orjson.loads, FIXTURE.read_bytes().splitlines())}
    assert kept == entries(WRITTEN)
    assert dict(read_identities(kept)) == WRITTEN


@pytest.mark.parametrize("value", [b'{"format":2}', b"{}", b"[]", b"", b'{"format":1}', b'{"format":1,"entities":[1]}'])
def test_what_a_newer_release_wrote_is_refused(value: bytes) -> None:
    """Skipping it would be a guess about which document is ours."""
    with pytest.raises(UnreadableJournal, match="record of Ids"):
        read_identities({"shopify:order:1": value})


@given(
    key=st.integers(1, 10**20), found=st.dictionaries(st.sampled_from(TRANSACTIONS), IDENTITIES, min_size=1, max_size=3)
)
def test_an_entry_fits_and_says_what_it_lacks(key: int, found: dict[str, Identity]) -> None:
    """Whatever the pairs hold, the Ids are kept; pairs that money depends on are all there or said to be missing."""
    document = SourceKey("shopify", "order", str(key))
    written = entries({document: Recorded(found)})
    ((text, value),) = written.items()
    assert len(text.encode()) + len(value) <= BYTES_MAX
    ((again, recorded),) = read_identities(written)
    assert again == document
    for entity, identity in recorded.entities.items():
        lost = {name for name in found[entity].fields if name not in identity.fields} - {str(x) for x in MAY_BE_MISSING}
        assert (identity.id, identity.complete) == (found[entity].id, not lost)
        assert identity.fields.items() <= found[entity].fields.items()


def test_what_lost_its_marker_and_its_facts_is_a_conflict() -> None:
    """Nobody knows what gift cards paid of it, say: it is never changed. Guard: `Posted.marker_known`."""
    posted = read_with_too_many_pairs("call")
    assert (posted.key, posted.marked, posted.marker_known, posted.total_unchanged) == (ORDER, False, False, False)


def test_pairs_that_the_record_has_no_room_for_are_believed_as_they_were_written_only() -> None:
    """Its digest knows them again; a person may have typed any other. Guard: `Identity.digest`."""
    posted = read_with_too_many_pairs(SEAL.line("Invoice", Marker(ORDER, TOO_MANY)))
    assert (posted.marker_fields, posted.total_unchanged) == (TOO_MANY, True)
    typed = TOO_MANY | {str(MarkerField.GIFT_CARDS): "transaction.1:40.00"}
    posted = read_with_too_many_pairs(SEAL.line("Invoice", Marker(ORDER, typed)))
    assert (posted.marker_fields, posted.total_unchanged) == ({"t": "42.90"}, False)


def read_with_too_many_pairs(memo: str) -> Posted:
    """The invoice with this memo, of which the record has no room for all that was written."""
    index = Index(SEAL, complete_since=BORN)
    index.identities.restore(read_identities(entries({ORDER: Recorded({"Invoice": Identity("145", TOO_MANY)})})))
    row = {"Id": "145", "SyncToken": "3", "TotalAmt": Decimal("42.90"), "PrivateNote": memo}
    posted = index.remember("Invoice", row)
    assert posted is not None
    return posted


def test_an_id_stands_for_one_document_and_a_document_has_one_id_of_a_type() -> None:
    """A transaction takes a payment over; a sale that is made again has another Id."""
    known = Identities()
    known.own("Payment", "7", SourceKey("shopify", "payment", "100"), {})
    known.own("Payment", "7", transaction_key(7), {})
    assert known.key_of("Payment", "7") == transaction_key(7)
    assert known.take_changed() == {
        SourceKey("shopify", "payment", "100"): None,
        transaction_key(7): Recorded({"Payment": Identity("7")}),
    }
    known.own("Payment", "9", transaction_key(7), {})
    assert (known.key_of("Payment", "7"), known.key_of("Payment", "9")) == (None, transaction_key(7))
    known.disown("Payment", transaction_key(7))
    assert known.take_changed() == {transaction_key(7): None}


def test_a_reason_never_hides_what_is_booked() -> None:
    """An order that was left out is booked later, and the other way round nothing is forgotten."""
    known = Identities()
    known.leave_out(ORDER, "skipped_by_rule")
    known.own("Invoice", "145", ORDER, {})
    known.leave_out(ORDER, "skipped_by_rule")
    assert known.take_changed() == {ORDER: Recorded({"Invoice": Identity("145")})}


@given(
    steps=st.lists(
        st.tuples(st.integers(1, 4), st.none() | st.integers(1, 6), st.booleans()),
        max_size=12,
    )
)
def test_what_was_followed_is_what_a_take_over_reads_at_once(steps: list[tuple[int, int | None, bool]]) -> None:
    """Whatever was written, ended and seen on the way. Guard: `RecordOfIds.take` takes out what was there before."""
    table = MemoryTable()
    standby = RecordOfIds(table)
    for number, ident, is_followed in steps:
        key = str(transaction_key(number))
        value = (
            None
            if ident is None
            else identity_value(key, Recorded({"Payment": Identity(f"{number}{ident}", {"o": "7"})}))
        )
        table.put(key, value)
        if is_followed:
            standby.take(key, value)
    found, at_once = asyncio.run(standby.read()), asyncio.run(RecordOfIds(table).read())
    assert len(found) == len(at_once)
    for number in range(1, 5):
        assert found.of("Payment", transaction_key(number)) == at_once.of("Payment", transaction_key(number))
        for ident in range(1, 7):
            named = ("Payment", f"{number}{ident}")
            assert found.key_of(*named) == at_once.key_of(*named)


def test_what_its_owner_changes_is_not_what_is_followed() -> None:
    """An owner that loses the company before it settles has recorded nothing. Guard: `Identities.copy`."""
    table = MemoryTable()
    table.put(str(ORDER), identity_value(str(ORDER), Recorded({"Invoice": SALE})))
    record = RecordOfIds(table)
    mine = asyncio.run(record.read())
    mine.own("Invoice", "999", ORDER, {})
    again = asyncio.run(record.read())
    assert (again.of("Invoice", ORDER), again.key_of("Invoice", "999"), again.take_changed()) == (SALE, None, {})


def test_a_newer_release_s_entry_stops_no_follower_and_every_take_over() -> None:
    """It may serve the company now; once its entry is overwritten, anybody may take over."""
    table = MemoryTable()
    record = RecordOfIds(table)
    table.put(str(ORDER), b'{"format":2}')
    record.take(str(ORDER), b'{"format":2}')
    with pytest.raises(UnreadableJournal, match="record of Ids"):
        asyncio.run(record.read())
    table.put(str(ORDER), identity_value(str(ORDER), Recorded({"Invoice": SALE})))
    assert asyncio.run(record.read()).of("Invoice", ORDER) == SALE
