"""The few dead letters that are read for a question say the same of its sale as all of them would."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch

import orjson
from hypothesis import given
from hypothesis import strategies as st

from bridge.commands.dead_letters.redriving import Letter
from bridge.commands.explain.composing import BooksNow, compose, documents_of
from bridge.commands.explain.known import Knowledge, KnownLetter, ResultLine
from bridge.commands.explain.question import Question
from bridge.commands.explain.sale import SaleLinks
from bridge.commands.explain.story import Trail
from bridge.index.identities import Identities
from contracts.records import InboundRecord, Place
from tests.support.orders import charge, line, order, stripe_event, transaction

CHARGES = ("ch_aaaaaab", "ch_aaaaaac")
ORDERS = (70_355_119, 70_355_226, 70_355_337)
"""Numbers that stand nowhere in a body but where an order is named."""
IDS = st.sampled_from(ORDERS)
SALES = tuple(f"shopify:order:{ident}" for ident in ORDERS)
EVENTS = st.one_of(
    st.builds(lambda ident: ("orders/paid", order([line("4.20")], id=ident, name=f"#{ident}")), IDS),
    st.builds(
        lambda ident, owner, behind: (
            "order_transactions/create",
            transaction(id=10 * ident, order_id=owner, receipt={"charge": behind}),
        ),
        IDS,
        IDS,
        st.sampled_from(CHARGES),
    ),
    st.builds(
        lambda ident, owner: ("", stripe_event("charge.succeeded", charge(id=ident, metadata={"order_id": owner}))),
        st.sampled_from(CHARGES),
        IDS.map(str),
    ),
)


def letter(offset: int, topic: str, body: Any) -> KnownLetter:
    headers = (("X-Shopify-Topic", topic.encode()), ("X-Shopify-Shop-Domain", b"acme.myshopify.com")) if topic else ()
    value = body if isinstance(body, bytes) else orjson.dumps(body)
    record = InboundRecord(
        topic="dead", partition=0, offset=offset, key=None, value=value, headers=headers, timestamp_ms=0
    )
    origin = Place("events", 0, offset)
    return KnownLetter(Letter(record.place, origin, "acme-us", "orphan", datetime.now(UTC), 0, omitted=False), record)


def said(letters: list[KnownLetter]) -> dict[str, object]:
    """Which documents each question names, the sale of each of them, and the members of each sale."""
    found: dict[str, object] = {}
    asked = [
        f"#{ORDERS[0]}",
        str(ORDERS[1]),
        SALES[2],
        f"{ORDERS[0]}0",
        f"shopify:transaction:{ORDERS[1]}0",
        "events/0/0",
    ]
    for text in (*asked, *CHARGES):
        known = Knowledge(company="acme-us", trail=Trail(), recorded={}, ids=Identities(), letters=letters)
        known.lines += [
            ResultLine(str(each.content.document), each.letter.origin, each.letter.place, is_booked=False)
            for each in letters[::2]
        ]
        known.ask(Question.read(text))
        links = SaleLinks(known)
        found[text] = {each: links.sale_of(each) for each in known.asked}
        found |= {sale: links.members(sale) for sale in SALES}
        found |= {f"the day of {sale}": _day_of(known, sale) for sale in SALES}
    return found


def _day_of(known: Knowledge, sale: str) -> date | None:
    told = compose(known, sale, (), BooksNow(), documents_of(known, sale), asked=sale, environment="sandbox")
    return told.dated


@given(st.lists(EVENTS, max_size=6))
def test_letters_that_are_not_read_change_nothing(events: list[tuple[str, Any]]) -> None:
    """Also where two events of one document name two sales. Guard: the second look in `members`."""
    letters = [letter(offset, topic, body) for offset, (topic, body) in enumerate(events)]
    with patch.object(KnownLetter, "may_name", lambda _self, _ident: True):
        whole = said(letters)
    assert said(letters) == whole
