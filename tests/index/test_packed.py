"""Documents that lie packed come out as they went in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.index.packed import PackedDocuments, PlacesOfSales, id_at, key_at, place_at
from bridge.index.posted import Posted, Shipping
from bridge.index.sale_place import SalePlace
from contracts.keys import SourceKey
from contracts.marker import MarkerField

TEXTS = st.text(max_size=12)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12) | st.sampled_from(
    [Decimal(0), Decimal("0.00"), Decimal("-0"), Decimal(5), Decimal("5.00")]
)
KEYS = st.builds(SourceKey, st.sampled_from(["shopify", "stripe", "quickbooks"]), st.sampled_from("ab"), TEXTS)
ROWS = st.dictionaries(TEXTS, TEXTS | AMOUNTS | st.lists(st.dictionaries(TEXTS, TEXTS, max_size=2), max_size=2))
PLACES = st.builds(SalePlace, shipping=st.none() | ROWS, classes=st.dictionaries(TEXTS, TEXTS, max_size=2))
OF_TYPE: Mapping[str, st.SearchStrategy[Any]] = {
    "str": TEXTS,
    "str | None": st.none() | TEXTS,
    "bool": st.booleans(),
    "Decimal": AMOUNTS,
    "Decimal | None": st.none() | AMOUNTS,
    "date | None": st.none() | st.dates(min_value=date(1970, 1, 1)),
    "SourceKey": KEYS,
    "Mapping[str, str]": st.dictionaries(st.sampled_from([*MarkerField, "z"]), TEXTS, max_size=4),
    "tuple[Entity, ...]": st.lists(ROWS, max_size=2).map(tuple),
    "tuple[str, ...]": st.lists(TEXTS, max_size=2).map(tuple),
    "Entity | None": st.none() | ROWS,
    "SalePlace | None": st.none() | PLACES,
    "Shipping": st.builds(Shipping, TEXTS, TEXTS, TEXTS),
}
ENTITIES = st.sampled_from(["Invoice", "Payment", "CreditMemo"])
DRAWN = {each.name: OF_TYPE[str(each.type)] for each in fields(Posted)} | {"entity": ENTITIES}
REQUIRED = {name: DRAWN[name] for name in ("entity", "key", "id", "sync_token", "total", "currency", "customer_id")}
OPTIONAL = {name: drawn for name, drawn in DRAWN.items() if name not in REQUIRED}
DOCUMENTS = st.fixed_dictionaries(REQUIRED, optional=OPTIONAL).map(lambda values: Posted(**values))


def exact(value: object) -> object:
    """`value` with its amounts as text: 5 and 5.00 are equal, and not the same."""
    if isinstance(value, Decimal):
        return "amount", str(value)
    if isinstance(value, Mapping):
        return {name: exact(each) for name, each in value.items()}
    return [exact(each) for each in value] if isinstance(value, list | tuple) else value


def shown(document: Posted) -> object:
    """All that a document says, exactly."""
    return {each.name: exact(getattr(document, each.name)) for each in fields(Posted)}


@given(st.lists(DOCUMENTS, max_size=3))
def test_what_is_packed_comes_out_as_it_went_in_and_the_last_one_counts(documents: list[Posted]) -> None:
    """To the decimal of each amount. Guard: an amount that equals its default is kept as it is written."""
    packed, plain = PackedDocuments(), {}
    for each in documents:
        packed.put(place_at(each.entity, each.key), each)
        plain[each.entity, each.key] = each
    assert len(packed) == len(plain)
    assert [shown(each) for each in packed] == [shown(each) for each in plain.values()]
    for (entity, key), each in plain.items():
        place = place_at(entity, key)
        assert place in packed
        assert packed.get(place) == each
        assert packed.pop(place) == each
        assert packed.get(place) is packed.pop(place) is None


@given(ENTITIES, KEYS, ENTITIES, KEYS)
def test_two_documents_have_two_places(entity: str, key: SourceKey, other_entity: str, other: SourceKey) -> None:
    """And a place names its key, whatever characters an id has."""
    assert key_at(place_at(entity, key)) == key
    same = (entity, key) == (other_entity, other)
    assert (place_at(entity, key) == place_at(other_entity, other)) is same


@pytest.mark.parametrize("ident", ["1", "ä", "\ud800", "a:b"])
def test_an_id_of_any_characters_has_a_place(ident: str) -> None:
    """Half of an emoji among them."""
    assert id_at("Invoice", ident) != id_at("Payment", ident)
    key = SourceKey("shopify", "order", ident)
    assert key_at(place_at("Invoice", key)) == key


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("xy"), st.integers(0, 3)), max_size=20))
def test_the_places_of_a_sale_are_those_that_were_added_and_not_taken_out(story: list[tuple[bool, str, int]]) -> None:
    """Each once."""
    places, plain = PlacesOfSales(), {"x": set[bytes](), "y": set[bytes]()}
    for adds, sale, number in story:
        place = str(number).encode()
        (places.add if adds else places.discard)(sale.encode(), place)
        (plain[sale].add if adds else plain[sale].discard)(place)
        assert sorted(places.of(sale.encode())) == sorted(plain[sale])
