"""What a take-over decodes of a row is what the index asks for, and nothing is read otherwise than before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.index.index import Index, Posted
from bridge.quickbooks import faults, wire
from bridge.quickbooks.rows import load_page
from bridge.quickbooks.warmup import INDEXED
from contracts.entities import Entity
from contracts.keys import SourceKey
from contracts.marker import Marker
from tests.support.clocks import START
from tests.support.orders import Json
from tests.support.seals import SEAL

AMOUNTS = st.sampled_from(["12.50", "0", "0.00", "7", "1e2", '"12.50"', "null"])
IDS = st.integers(1, 6).map(str)
FIELDS = {"t": ["12.50", "7.00"], "o": ["1"], "g": ["gift.9:1.00"], "h": ["void", "abc"], "v": ["7.2"], "a": ["1.00"]}


@st.composite
def markers(draw: st.DrawFn, entity: str) -> str:
    """A memo: ours, a stranger's, a void's, or none."""
    key = SourceKey("shopify", draw(st.sampled_from(["order", "transaction", "payment"])), draw(IDS))
    fields = {name: draw(st.sampled_from(FIELDS[name])) for name in sorted(draw(st.sets(st.sampled_from([*FIELDS]))))}
    ours = SEAL.write(entity, draw(st.sampled_from([None, "call first"])), Marker(key, fields))
    return draw(st.sampled_from([ours, ours, f"Voided\n{ours}", "#1001", ""]))


@st.composite
def rows(draw: st.DrawFn, entity: str) -> str:
    """A transaction as QBO writes it; any part may be missing, and some nobody reads."""
    linked = f'[{{"TxnId": "{draw(IDS)}", "TxnType": "{draw(st.sampled_from(["Invoice", "Payment", "Deposit"]))}"}}]'
    account = f'{{"value": "{draw(IDS)}"}}'
    detail = (
        f'"DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": {{"PostingType": '
        f'"{draw(st.sampled_from(["Debit", "Credit"]))}", "AccountRef": {account}}}'
    )
    parts = {
        "SyncToken": f'"{draw(IDS)}"',
        "PrivateNote": orjson.dumps(draw(markers(entity))).decode(),
        "TotalAmt": draw(AMOUNTS),
        "Amount": draw(AMOUNTS),
        "Balance": draw(AMOUNTS),
        "ExchangeRate": draw(AMOUNTS),
        "TxnDate": '"2026-03-02"',
        "DocNumber": '"1001"',
        "CurrencyRef": '{"value": "USD"}',
        "CustomerRef": '{"value": "7", "name": "Dana"}',
        "DepositToAccountRef": account,
        "FromAccountRef": account,
        "ToAccountRef": '{"value": "99"}',
        "PaymentRefNum": '"ch_1"',
        "LinkedTxn": linked,
        "TxnTaxDetail": f'{{"TotalTax": {draw(AMOUNTS)}, "TaxLine": [{{"Amount": 1.50}}]}}',
        "GlobalTaxCalculation": '"TaxExcluded"',
        "TrackingNum": '"1Z"',
        "ShipDate": '"2026-03-03"',
        "ShipMethodRef": '{"value": "UPS"}',
        "Line": f'[{{"Amount": {draw(AMOUNTS)}, "LinkedTxn": {linked}, "LineEx": {{}}, {detail}}}]',
        "BillAddr": '{"Line1": "1 Main"}',
        "MetaData": '{"CreateTime": "2026-03-02T00:00:00Z"}',
    }
    left_out = draw(st.sets(st.sampled_from([*parts]), max_size=4))
    named = {"Id": f'"{draw(IDS)}"', **{name: part for name, part in parts.items() if name not in left_out}}
    return "{" + ", ".join(f'"{name}": {part}' for name, part in named.items()) + "}"


@st.composite
def pages(draw: st.DrawFn) -> dict[str, bytes]:
    """A page of each type."""
    return {
        entity: f'{{"QueryResponse": {{"{entity}": [{", ".join(draw(st.lists(rows(entity), max_size=3)))}]}}}}'.encode()
        for entity in INDEXED
    }


def index_of(read: Mapping[str, Sequence[Entity]]) -> Index:
    """What a take-over makes of these rows."""
    index = Index(SEAL, complete_since=START)
    for entity, found in read.items():
        index.load(entity, found)
    index.record_believed()
    return index


def known(index: Index) -> tuple[object, ...]:
    """Everything that an index says of these few Ids and keys."""
    kinds = ("order", "transaction", "payment")
    keys = [SourceKey("shopify", kind, str(number)) for kind in kinds for number in range(1, 7)]
    places = [(entity, str(number)) for entity in INDEXED for number in range(1, 7)]
    posted: list[Posted | None] = [index.get(entity, key) for entity in INDEXED for key in keys]
    return (
        posted,
        [index.unmarked.get(*place) for place in places],
        [index.bank_entries.get(*place) for place in places],
        [index.others.get(str(number)) for number in range(1, 7)],
        [index.identities.of(entity, key) for entity in INDEXED for key in keys],
        [index.payments_of(key) for key in keys],
        index.sales_with_unapplied_money(),
        sorted(index.duplicates().items(), key=repr),
        sorted(index.drifted(), key=repr),
    )


@given(drawn=pages())
def test_the_index_is_the_same_as_from_whole_rows(drawn: dict[str, bytes]) -> None:
    """Any rows of all types: the amounts' digits, lines of sales that gift cards paid, what strangers entered."""
    picked = {entity: (load_page(raw) or {})["QueryResponse"][entity] for entity, raw in drawn.items()}
    whole = {entity: (wire.loads(raw) or {})["QueryResponse"][entity] for entity, raw in drawn.items()}
    assert repr(known(index_of(picked))) == repr(known(index_of(whole)))


@given(drawn=pages(), chance=st.randoms(use_true_random=False))
def test_it_makes_no_difference_in_which_order_the_types_come(drawn: dict[str, bytes], chance: Random) -> None:
    """They are read beside each other; of one type they come by their Ids."""
    read = {entity: (load_page(raw) or {})["QueryResponse"][entity] for entity, raw in drawn.items()}
    turns = [entity for entity, found in read.items() for _ in found]
    chance.shuffle(turns)
    left, index = {entity: iter(found) for entity, found in read.items()}, Index(SEAL, complete_since=START)
    for entity in turns:
        index.load(entity, [next(left[entity])])
    index.record_believed()
    assert repr(known(index)) == repr(known(index_of(read)))


class Watched(dict[str, Any]):
    """A row that notes what it is asked for."""

    def __init__(self, row: Entity) -> None:
        super().__init__(row)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("the index asks for each field by its name")


@given(drawn=pages())
def test_everything_that_the_index_asks_for_is_decoded(drawn: dict[str, bytes]) -> None:
    """A field that is read from tomorrow on, and forgotten here, would be missing after every start."""
    for entity, raw in drawn.items():
        decoded = (load_page(raw) or {})["QueryResponse"][entity]
        for row, part in zip((wire.loads(raw) or {})["QueryResponse"][entity], decoded, strict=True):
            watched = Watched(row)
            Index(SEAL, complete_since=START).load(entity, [watched])
            assert watched.asked & row.keys() <= part.keys()


BROKEN = [
    b"",
    b"<html>",
    b"[]",
    b'{"QueryResponse": {"Invoice": [{"Id": "1"}',
    b'{"QueryResponse": {"Invoice": [{"Id": "1"}]}} and more',
    b'{"QueryResponse": {"Invoice": [{"TotalAmt": NaN}]}}',
    b'{"QueryResponse": {"Invoice": [{"Nobody": NaN}]}}',
    b'{"QueryResponse": {"Invoice": [{"Nobody": "\xff"}]}}',
    b'{"QueryResponse": {"Invoice": [{"Nobody": 1e99999999999999999999, "TotalAmt": 1e99999999999999999999}]}}',
    b'{"QueryResponse": {"Invoice": [{"Nobody": ' + b"[" * 100_000,
]


@pytest.mark.parametrize("raw", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_answer_is_none_though_nobody_reads_the_broken_part(raw: bytes) -> None:
    """It was cut off or garbled on its way: the same question is asked again."""
    assert wire.loads(raw) is None
    assert load_page(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        b'{"QueryResponse": {"Invoice": [{"Id": "1", "DocNumber": "\\ud83d"}]}}',
        b'\xef\xbb\xbf{"QueryResponse": {"Invoice": [{"Id": "1"}]}}',
        b'{"QueryResponse": {"Invoice": {"Id": "1"}}}',
        b'{"QueryResponse": null}',
    ],
)
def test_what_the_quick_reader_refuses_is_read_as_everything_else(raw: bytes) -> None:
    """Half an emoji, a byte order mark, another shape: whole rows then."""
    assert load_page(raw) == wire.loads(raw)


@pytest.mark.parametrize(
    "body",
    [
        {"Fault": {"type": "ValidationFault", "Error": [{"code": "4000", "Message": "Error parsing query"}]}},
        {"fault": {"type": "AUTHENTICATION", "error": [{"code": "3200", "message": "token"}]}},
        {"error": "invalid_grant"},
    ],
)
def test_a_fault_in_the_place_of_a_page_is_seen(body: Json) -> None:
    """Each envelope that Intuit uses."""
    raw = orjson.dumps(body)
    assert faults.read(raw, http_status=400, loads=load_page) == faults.read(raw, http_status=400)
    assert isinstance(faults.read(raw, http_status=400, loads=load_page), faults.Fault)
