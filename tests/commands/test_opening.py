"""What was open on the day on which the books start: computed from drawn stories, told in any order."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.commands.doctor.opening import GIFT_CARDS, RECEIVABLES, OpeningFigure, OpeningSums, with_given
from bridge.commands.doctor.start import read_outstanding
from bridge.decoding.decision import EventMapper
from bridge.decoding.routing import Route, Router
from contracts.errors import ConfigurationError
from tests.support.orders import (
    RULES,
    Json,
    handed_back,
    line,
    order,
    record,
    refund,
    refund_line,
    shopify_event,
    transaction,
)
from tests.support.shop_payouts import row, told

D = Decimal
START = date(2026, 11, 1)
READ_AT_MS = 1_800_000_000_000
"""January of 2027: no version is from the future."""
CLEARING = "clearing: Shopify Payments clearing"
FEE = 30
"""What the processor keeps of a charge, in cents; its payout alone tells it."""
SHOP = "acme.myshopify.com"
CARDS = re.compile(r"([\d.]+) USD sold and ([\d.]+) redeemed")


@dataclass(frozen=True)
class Sold:
    """An order, in cents and in days from the start: when it was placed, paid and paid out, None for never."""

    number: int
    cents: int
    placed: int
    paid: int | None
    paid_out: int | None


def moment(day: int) -> str:
    return f"{START + timedelta(days=day)}T12:00:00+00:00"


def at(day: int, event: Json) -> Json:
    """The event as it was sent on that day."""
    headers = event["headers"]
    assert isinstance(headers, dict)
    return {**event, "headers": {**headers, "X-Shopify-Triggered-At": moment(day)}}


def events_of(sale: Sold) -> list[Json]:
    """Its bodies, its money and its payout."""
    price, ident = f"{sale.cents / 100:.2f}", 7_000_000_000 + sale.number
    about = {"id": ident, "admin_graphql_api_id": None, "name": f"#{sale.number}"}
    dates = {"created_at": moment(sale.placed), "processed_at": moment(sale.placed)}
    unpaid = order(
        [line(price)],
        **about,
        **dates,
        updated_at=moment(sale.placed),
        financial_status="pending",
        total_outstanding=price,
    )
    found = [at(sale.placed, shopify_event("orders/create", unpaid))]
    if sale.paid is None:
        return found
    money = transaction(
        id=ident + 10_000,
        order_id=ident,
        amount=price,
        admin_graphql_api_id=None,
        created_at=moment(sale.paid),
        processed_at=moment(sale.paid),
    )
    paid = order([line(price)], **about, **dates, updated_at=moment(sale.paid), financial_status="paid")
    found.append(at(sale.paid, shopify_event("order_transactions/create", money)))
    found.append(at(sale.paid, shopify_event("orders/paid", paid)))
    if sale.paid_out is not None:
        about_row = {"transaction": ident + 10_000, "id": ident + 20_000, "processed_at": moment(sale.paid)}
        rows = [row("charge", price, f"{FEE / 100:.2f}", order=ident, **about_row)]
        payout = told(rows, id=ident + 30_000, date=str(START + timedelta(days=sale.paid_out)))
        found.append(at(sale.paid_out, payout))
    return found


@st.composite
def sales(draw: st.DrawFn) -> list[Sold]:
    found = []
    for number in range(draw(st.integers(1, 6))):
        placed = draw(st.integers(-12, 3))
        paid = draw(st.one_of(st.none(), st.integers(placed, 6)))
        paid_out = None if paid is None else draw(st.one_of(st.none(), st.integers(paid, 9)))
        found.append(Sold(number, draw(st.integers(100, 20_000)), placed, paid, paid_out))
    return found


def figures(events: list[Json]) -> dict[str, OpeningFigure]:
    """What the events tell of the day, by what it is."""
    return {each.what: each for each in figures_of(events)}


def figures_of(events: list[Json]) -> list[OpeningFigure]:
    return list(opening_of(events).figures())


def opening_of(events: list[Json]) -> OpeningSums:
    mapper = EventMapper("acme", Router([Route("acme", frozenset({SHOP, "default"}), frozenset())]), RULES)
    opening = OpeningSums(START, RULES)
    for event in events:
        mapped = mapper.map_record(replace(record(json.dumps(event).encode()), timestamp_ms=READ_AT_MS))
        assert mapped is not None
        opening.add(1, [mapped])
    assert not opening.refused
    return opening


@given(data=st.data(), story=sales())
def test_receivables_and_money_in_transit_are_what_the_story_left_open(data: st.DataObject, story: list[Sold]) -> None:
    """Whatever came later, told in any order and any number of times."""
    events = [event for sale in story for event in events_of(sale)]
    events = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=3))))
    owed = sum(sale.cents for sale in story if sale.placed < 0 and not _is_before(sale.paid))
    in_transit = [sale for sale in story if _is_before(sale.paid) and not _is_before(sale.paid_out)]
    lying = sum(sale.cents - FEE * (sale.paid_out is not None) for sale in in_transit)
    found = figures(events)
    assert found[RECEIVABLES].amount == D(owed) / 100
    assert (found[CLEARING].amount if CLEARING in found else D(0)) == D(lying) / 100


def _is_before(day: int | None) -> bool:
    return day is not None and day < 0


def test_a_sale_of_which_only_later_events_are_kept_is_unknown() -> None:
    """A parcel of a paid order of September would count as owed. Guard: `is_known`."""
    price, old = "42.90", moment(-40)
    body = order([line(price)], created_at=old, processed_at=old, updated_at=moment(4), total_outstanding="0.00")
    known = events_of(Sold(1, 5_000, -3, None, None))
    found = [
        each for each in figures_of([*known, at(4, shopify_event("orders/updated", body))]) if each.what == RECEIVABLES
    ]
    assert [(each.currency, each.amount) for each in found] == [("USD", D("50.00")), ("", None)]


def test_what_gift_cards_are_owed_is_unknown_until_a_person_says_it(tmp_path: Path) -> None:
    """The events tell sales and redemptions since they are kept, never balances. Guard: `with_given`."""
    found = figures(events_of(Sold(1, 5_000, -3, None, None)))
    assert found[GIFT_CARDS].amount is None
    path = tmp_path / "cards.csv"
    path.write_text("what,currency,amount\ngift_cards,USD,1250.00\n")
    filled = {each.what: each for each in with_given(found.values(), read_outstanding(path))}
    assert filled[GIFT_CARDS] == OpeningFigure(GIFT_CARDS, "USD", D("1250.00"), "cards.csv, line 2")
    assert filled[RECEIVABLES] == found[RECEIVABLES]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected lines with the columns what, currency, amount"),
        ("what,amount\ngift_cards,5\n", "expected lines with the columns what, currency, amount"),
        ("what,currency,amount\ngiftcards,USD,5\n", "line 2: 'giftcards' is none of receivables, gift_cards"),
        ("what,currency,amount\ngift_cards,usd,5\n", "line 2: 'usd' is no currency code"),
        ("what,currency,amount\ngift_cards,USD,5\nstore_credit,USD,1.000,00\n", "expected lines with the columns"),
        ("what,currency,amount\ngift_cards,USD,many\n", "line 2: 'many' is no amount"),
        ("what,currency,amount\ngift_cards,USD,NaN\n", "line 2: 'NaN' is no amount"),
    ],
)
def test_a_file_of_sums_that_cannot_be_meant_is_refused_by_its_line(tmp_path: Path, text: str, said: str) -> None:
    """No sum is guessed."""
    path = tmp_path / "sums.csv"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        read_outstanding(path)


def test_a_byte_order_mark_of_a_spreadsheet_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    """Guard: `utf-8-sig`."""
    path = tmp_path / "sums.csv"
    path.write_bytes(b"\xef\xbb\xbfwhat,currency,amount\r\nstore_credit,EUR,7.10\r\n")
    assert [each.amount for each in read_outstanding(path)] == [D("7.10")]


@dataclass(frozen=True)
class Life:
    """One order, in cents and in days from the start; None for what never happened.

    `by_card` is what a gift card paid of it on the day `paid`, `back` the day on which all of it came back: with its
    money where it was paid, else as a credit. `sells_card`: what it sold is a gift card.
    """

    number: int
    cents: int
    placed: int
    paid: int | None
    by_card: int
    paid_out: int | None
    back: int | None
    sells_card: bool

    @property
    def by_money(self) -> int:
        """What was paid by money."""
        return self.cents - self.by_card


@st.composite
def lives(draw: st.DrawFn) -> list[Life]:
    found = []
    for number in range(draw(st.integers(1, 5))):
        cents, placed = draw(st.integers(200, 20_000)), draw(st.integers(-12, 3))
        paid = draw(st.one_of(st.none(), st.integers(placed, 5)))
        by_card = draw(st.sampled_from([0, 0, cents, cents // 2])) if paid is not None else 0
        is_by_money = paid is not None and by_card < cents
        paid_out = draw(st.one_of(st.none(), st.integers(paid, 8))) if is_by_money and paid is not None else None
        sells_card = not by_card and draw(st.booleans())
        # because what a gift card paid goes back to the card, which is another story
        earliest = placed if paid is None else paid
        back = None if by_card or sells_card else draw(st.one_of(st.none(), st.integers(earliest, 7)))
        found.append(Life(number, cents, placed, paid, by_card, paid_out, back, sells_card))
    return found


def price(cents: int) -> str:
    return f"{cents / 100:.2f}"


def events_of_life(life: Life) -> list[Json]:
    """Its bodies, its money, what came back and its payout, each as it was sent on its day."""
    ident = 7_100_000_000 + life.number * 100
    sold = line(price(life.cents), gift_card=life.sells_card)
    names = ["gift_card"] * bool(life.by_card) + ["shopify_payments"] * bool(life.by_money)
    dates = {"created_at": moment(life.placed), "processed_at": moment(life.placed)}
    about = {"id": ident, "admin_graphql_api_id": None, "name": f"#{life.number}", "payment_gateway_names": names}

    def body(day: int, topic: str, status: str, owing: int, **changes: object) -> Json:
        said = {"updated_at": moment(day), "financial_status": status, "total_outstanding": price(owing), **changes}
        return at(day, shopify_event(topic, order([sold], **about, **dates, **said)))

    def money(number: int, cents: int, gateway: str, day: int) -> Json:
        times = {"created_at": moment(day), "processed_at": moment(day)}
        said = {"order_id": ident, "amount": price(cents), "gateway": gateway, "admin_graphql_api_id": None}
        return at(day, shopify_event("order_transactions/create", transaction(id=ident + number, **said, **times)))

    found = [body(life.placed, "orders/create", "pending", life.cents)]
    if life.paid is not None:
        found.append(body(life.paid, "orders/paid", "paid", 0))
        found += [money(1, life.by_money, "shopify_payments", life.paid)] if life.by_money else []
        found += [money(2, life.by_card, "gift_card", life.paid)] if life.by_card else []
    if life.paid_out is not None:
        assert life.paid is not None
        about_row = {"transaction": ident + 1, "id": ident + 3, "processed_at": moment(life.paid)}
        rows = [row("charge", price(life.by_money), price(FEE), order=ident, **about_row)]
        day = moment(life.paid_out)
        found.append(at(life.paid_out, told(rows, id=ident + 4, date=day[:10])))
    if life.back is not None:
        times = {"created_at": moment(life.back), "processed_at": moment(life.back)}
        given = [handed_back(price(life.cents), id=ident + 5, order_id=ident, parent_id=ident + 1, **times)]
        rows = [refund_line(sold, 1, price(life.cents))]
        back = refund(rows, *(given if life.paid is not None else []), id=ident + 6, order_id=ident, **times)
        back |= {"admin_graphql_api_id": None}
        found.append(at(life.back, shopify_event("refunds/create", back)))
        status = "refunded" if life.paid is not None else "pending"
        later = {"refunds": [back], "current_total_price": "0.00", "current_subtotal_price": "0.00"}
        found.append(body(life.back, "orders/updated", status, 0, **later))
    return found


@given(data=st.data(), story=lives())
def test_refunds_and_gift_cards_are_in_the_figures_of_the_start(data: st.DataObject, story: list[Life]) -> None:
    """Owed, in transit, sold and redeemed, whatever came later; in any order, and some of it twice."""
    events = [event for life in story for event in events_of_life(life)]
    events = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=3))))
    found = figures(events)
    old = [life for life in story if _is_before(life.placed)]
    owed = sum(life.cents for life in old if not _is_before(life.paid) and not _is_before(life.back))
    came = sum(life.by_money for life in story if _is_before(life.paid))
    went = sum(life.by_money for life in story if _is_before(life.paid_out))
    back = sum(life.cents for life in story if _is_before(life.back) and life.paid is not None)
    told_since = [life for life in story if life.paid_out is not None and not _is_before(life.paid_out)]
    fees = FEE * sum(_is_before(life.paid) for life in told_since)
    assert found[RECEIVABLES].amount == D(owed) / 100
    assert (found[CLEARING].amount if CLEARING in found else D(0)) == D(came - went - back - fees) / 100
    sold = sum(life.cents for life in old if life.sells_card)
    redeemed = sum(life.by_card for life in story if _is_before(life.paid))
    said = CARDS.search(found[GIFT_CARDS].said)
    assert (D(said[1]), D(said[2])) == (D(sold) / 100, D(redeemed) / 100) if said else not sold + redeemed


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([], "The topics hold no events"),
        ([order([line("5.00")])], "The events do not say when they happened"),
        (
            [at(2, shopify_event("orders/create", order([line("5.00")])))],
            "The first event that is kept happened on 2026-11-03",
        ),
    ],
    ids=["none", "a body without headers", "a webhook"],
)
def test_since_when_the_events_tell_is_said_as_far_as_they_say_it(events: list[Json], said: str) -> None:
    """Whoever reads the sums has to know what they cannot hold. Guard: `OpeningSums.events`."""
    assert opening_of(events).first_event == said
