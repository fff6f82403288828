"""Books that people kept by hand, drawn with what is odd about them: what is there is found, and nothing is guessed."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from bridge.index.posted import Posted
from bridge.index.unmarked import FoundByFacts
from bridge.matching.names import is_generic, is_same_name
from bridge.matching.orders import KnownOrders, Party, SoughtOrder
from bridge.matching.verdict import BooksToMatch, Certain, Doubtful
from contracts.keys import SourceKey
from contracts.matching import Matching, OrderName

GIVEN = "Ann Bea Cem Dora Eli Finn Gus Hana Ivo Jun Kit Lena Mara Nils Omar Pia Quin Rosa Sami Tess".split()
FAMILY = "Abbott Bergmann Castillo Dubois Eriksen Fontaine Grabowski Haddad Ivanova Jensen Kowalski Lindgren".split()
MATCHING = Matching(note_patterns=(re.compile(r"\bRB(\d+)\b"),))
OTHER = "Zuzanna Quintero"


@dataclass(frozen=True, slots=True)
class Story:
    """One order, what a person entered of it and beside it, and the truth: the Id that it is, "doubt" or "new"."""

    kind: str
    order: SoughtOrder
    entered: tuple[Posted, ...]
    truth: str


class Shop:
    """Draws orders and entries; customers are by their name, so that an Id is a name."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - stories, not secrets
        self.ids = 100
        self.orders = 1000
        self.totals = self.random.sample(range(1_000, 900_000), 20_000)

    def order(self, **changes: object) -> SoughtOrder:
        """An order of a buyer of its own, with a total that no other has."""
        self.orders += 1
        name = f"{self.random.choice(GIVEN)} {self.random.choice(FAMILY)}{self.orders}"
        order = SoughtOrder(
            key=SourceKey("shopify", "order", str(6_200_000_000_000 + self.orders)),
            named=OrderName(name=f"SH{self.orders}", number=str(self.orders), shop="one.example"),
            totals=frozenset({Decimal(self.totals.pop()) / 100}),
            currency="USD",
            day=date(2026, 1, 1) + timedelta(days=self.random.randrange(300)),
            buyer=Party(names=(name,), email=f"buyer{self.orders}@example.com"),
        )
        return replace(order, **changes)  # type: ignore[arg-type]

    def entry(self, order: SoughtOrder, **changes: object) -> Posted:
        """The order as a careful bookkeeper enters it."""
        self.ids += 1
        entry = Posted(
            entity="Invoice",
            key=SourceKey("quickbooks", "invoice", str(self.ids)),
            id=str(self.ids),
            sync_token="0",
            total=min(order.totals),
            currency="USD",
            customer_id=order.buyer.names[0],
            doc_number=order.named.number,
            txn_date=order.day,
        )
        return replace(entry, **changes)  # type: ignore[arg-type]

    def days(self) -> timedelta:
        return timedelta(days=self.random.choice([-7, -3, -1, 1, 2, 5, 7]))


def misspelt(name: str) -> str:
    """The words the other way round, one letter missing."""
    first, last = name.split()
    return f"{last}, {first[:-1]}"


Drawn = Callable[[Shop], tuple[SoughtOrder, tuple[Posted, ...], str]]


def there(**changes: object) -> Drawn:
    """The order is there once, and odd in one way."""

    def draw(shop: Shop) -> tuple[SoughtOrder, tuple[Posted, ...], str]:
        order = shop.order()
        entry = shop.entry(order, **{name: of(shop, order) if callable(of) else of for name, of in changes.items()})
        return order, (entry,), entry.id

    return draw


def beside(truth: str, **changes: object) -> Drawn:
    """Something like the order is there."""

    def draw(shop: Shop) -> tuple[SoughtOrder, tuple[Posted, ...], str]:
        order, (entry,), _ = there(**changes)(shop)
        return order, (entry,), truth

    return draw


def twice(shop: Shop) -> tuple[SoughtOrder, tuple[Posted, ...], str]:
    order = shop.order()
    return order, (shop.entry(order), shop.entry(order, txn_date=order.day + shop.days())), "doubt"


def another_purchase(shop: Shop) -> tuple[SoughtOrder, tuple[Posted, ...], str]:
    order = shop.order()
    return order, (shop.entry(order), shop.entry(order, doc_number=None, total=Decimal("9.99"))), str(shop.ids - 1)


def by(shop: Shop, order: SoughtOrder) -> str:
    return misspelt(order.buyer.names[0])


KINDS: dict[str, Drawn] = {
    "as it is": there(),
    "a prefix, zeros and a suffix": there(doc_number=lambda _, order: f"INV-00{order.named.number}/B"),
    "no number": there(doc_number=None),
    "a number of the books": there(doc_number=lambda shop, _: str(500_000 + shop.ids)),
    "another date": there(txn_date=lambda shop, order: order.day + shop.days()),
    "a renamed customer": there(customer_id=OTHER),
    "a misspelt customer, no number": there(customer_id=by, doc_number=None),
    "a reference in the note": there(
        doc_number=None, customer_id=OTHER, human_note=lambda _, order: f"see RB{order.named.number}"
    ),
    "a receipt": there(entity="SalesReceipt"),
    "a receipt without number": there(entity="SalesReceipt", doc_number=None),
    "entered twice": twice,
    "another purchase of the customer": another_purchase,
    "same amount and day, another customer": beside("new", customer_id=OTHER, doc_number=None),
    "voided": beside("new", voided=True),
    "another currency and customer": beside("new", currency="EUR", customer_id=OTHER, doc_number=None),
    "too far away, no number": beside("new", doc_number=None, txn_date=lambda _, order: order.day + timedelta(days=8)),
    "its number, another total": beside("doubt", total=Decimal("1.11")),
    "its number, another total and customer": beside("new", total=Decimal("1.11"), customer_id=OTHER),
    "its number, far away": beside("doubt", txn_date=lambda _, order: order.day - timedelta(days=8)),
    "anybody's": beside("doubt", customer_id="Shopify customers", doc_number=None),
}


def drawn(seed: int, each: int) -> list[Story]:
    """`each` stories of every kind."""
    shop = Shop(seed)
    return [Story(kind, *draw(shop)) for kind, draw in KINDS.items() for _ in range(each)]


def books_of(stories: list[Story], order: SoughtOrder) -> BooksToMatch:
    """Everything that was entered, and all other orders."""
    return BooksToMatch(
        unmarked=FoundByFacts(),
        party_of=lambda ident: Party(names=(ident,) if ident else (), customer_id=None),
        known=KnownOrders([each.order for each in stories if each.order.key != order.key], FoundByFacts(), "USD"),
        matching=MATCHING,
        home_currency="USD",
    )


def told(found: Certain | Doubtful | None) -> str:
    """A verdict in the words of a story."""
    if isinstance(found, Certain):
        return found.document.id
    return "doubt" if found is not None else "new"


@pytest.mark.parametrize("seed", range(3))
def test_what_is_there_is_found_and_nothing_is_guessed(seed: int) -> None:
    """Each kind of noise and each decoy, all in one company's books: the truth is the drawn story's."""
    stories = drawn(seed, 12)
    found = FoundByFacts(entry for story in stories for entry in story.entered)
    wrong = Counter[str]()
    for story in stories:
        verdict = replace(books_of(stories, story.order), unmarked=found).verdict(story.order)
        wrong[story.kind] += told(verdict) != story.truth
    assert +wrong == Counter()


def test_the_same_total_twice_for_one_buyer_is_asked() -> None:
    """One entry, two orders of it within the days: either may be meant."""
    shop = Shop(1)
    first = shop.order()
    second = replace(shop.order(), totals=first.totals, buyer=first.buyer, day=first.day + timedelta(days=2))
    stories = [Story("", first, (shop.entry(first, doc_number=None),), ""), Story("", second, (), "")]
    found = FoundByFacts(stories[0].entered)
    for story in stories:
        assert told(replace(books_of(stories, story.order), unmarked=found).verdict(story.order)) == "doubt"


def test_an_entry_under_the_number_of_another_order_that_it_fits_is_none_of_ours() -> None:
    """Same buyer, same total, same week: the number says which of the two it is."""
    shop = Shop(2)
    first = shop.order()
    second = replace(shop.order(), totals=first.totals, buyer=first.buyer, day=first.day + timedelta(days=2))
    entry = shop.entry(first)
    stories = [Story("", first, (entry,), ""), Story("", second, (), "")]
    found = FoundByFacts([entry])
    verdicts = [told(replace(books_of(stories, each.order), unmarked=found).verdict(each.order)) for each in stories]
    assert verdicts == [entry.id, "new"]


def test_one_by_number_and_another_by_customer_are_two_that_would_be_certain() -> None:
    """The number is on somebody else's entry, and the buyer has one of this total. Guard: `also` in `verdict`."""
    shop = Shop(3)
    order = shop.order()
    entries = (shop.entry(order, customer_id=OTHER), shop.entry(order, doc_number=None))
    books = replace(books_of([Story("", order, entries, "doubt")], order), unmarked=FoundByFacts(entries))
    found = books.verdict(order)
    assert isinstance(found, Doubtful)
    assert {each.id for each in found.documents} == {each.id for each in entries}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Dana Reyes", "REYES, Dana", True),
        ("Dana Reyes", "Dana Reyez", True),
        ("Dana Reyes", "Dana Rees", True),
        ("Dana Reyes", "Dnaa Reyes", True),
        ("José Núñez", "Jose Nunez", True),
        ("Dana Reyes", "Dana Reyes (2)", True),
        ("Dana Reyes", "Dina Reyez", False),
        ("Dana Reyes", "Dana", False),
        ("Dana Reyes", "", False),
        ("Reyes", "Reyes & Sons", False),
    ],
)
def test_a_name_is_the_same_in_any_order_one_letter_aside(one: str, other: str, *, same: bool) -> None:
    """Two letters are another name."""
    assert (is_same_name(one, other), is_same_name(other, one)) == (same, same)


@pytest.mark.parametrize(
    ("name", "anybody"),
    [("Shopify Customers", True), ("Walk-in", True), ("Cash sale", True), ("Sale & Sons", False), ("", False)],
)
def test_a_name_of_general_words_is_anybodys(name: str, *, anybody: bool) -> None:
    """A shop's collective customer."""
    assert is_generic(name) is anybody
