"""`explain` follows a sale: whatever a person has at hand of it, all of its documents, and what each is now."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator

import pytest

from bridge.commands.explain.telling import print_story, story_as_json
from contracts.errors import BridgeError
from tests.support.explaining import Explained
from tests.support.orders import Json, charge, line, order, shopify_event, stripe_event, transaction
from tests.support.shop_payouts import PAYOUT_ID, row
from tests.support.shop_payouts import told as paid_out
from tests.support.world import opened

ORDER, MONEY = "shopify:order:450789469", "shopify:transaction:9455001122"
IDENT, MONEY_ID = 450789469, 9455001122


@pytest.fixture
async def sale() -> AsyncIterator[Explained]:
    """Order #1043 of 42.90 with its money, beside another order."""
    async with opened() as world:
        said = Explained(world)
        await said.deliver(
            order([line("42.90")], id=IDENT, name="#1043", order_number=1043),
            transaction(id=MONEY_ID, order_id=IDENT),
        )
        await said.deliver(unpaid())
        yield said


def unpaid(**changes: object) -> Json:
    """Order #1044 of 10.00, on which nothing was paid."""
    body = {"id": 450789470, "name": "#1044", "order_number": 1044, "financial_status": "pending"}
    return order([line("10.00")], **{**body, "total_outstanding": "10.00", **changes})


def states(story: object) -> dict[str, str]:
    """What each entity is now."""
    return {f"{each.entity}": each.state for each in story.entities}  # type: ignore[attr-defined]


async def test_a_sale_is_found_by_whatever_a_person_has_of_it(sale: Explained) -> None:
    """Its key, id, name, number, money, Id in QuickBooks, request, tid and record: the same whole sale."""
    (invoice,) = [each for each in (await sale.story(ORDER)).entities if each.entity == "Invoice"]
    result = next(each for each in sale.world.told if each.source.document == ORDER)
    posted = next(each for each in result.entities if each.entity == "Invoice")
    asked = ORDER, str(IDENT), "#1043", "1043", MONEY, str(MONEY_ID), f"invoice/{invoice.id}", f"Invoice/{invoice.id}"
    for text in (*asked, posted.request_id, posted.intuit_tid, "shopify.events/0/0", "shopify.events:0:1"):
        story = await sale.story(str(text))
        assert story.document == ORDER, text
        assert {each.document for each in story.published} == {ORDER, MONEY}, text
        assert states(story) == {"Invoice": "paid", "Payment": "posted"}, text


async def test_each_document_has_its_state_and_a_link(sale: Explained) -> None:
    """Open, and the address in QuickBooks."""
    story = await sale.story("#1044")
    (invoice,) = story.entities
    assert (invoice.state, invoice.balance, invoice.total, invoice.changed_by) == ("open", "10.00", "10.00", "bridge")
    assert invoice.link == f"https://app.sandbox.qbo.intuit.com/app/invoice?txnId={invoice.id}"


async def test_every_time_of_a_table_is_in_one_zone(sale: Explained, capsys: pytest.CaptureFixture[str]) -> None:
    """QuickBooks writes times in its own offset; the heads of columns name the reader's. Guard: `said_moment`."""
    story = await sale.story("#1044")
    (invoice,) = story.entities
    of_books = dataclasses.replace(invoice, changed_at="2026-11-29T07:34:32-08:00")
    print_story(dataclasses.replace(story, entities=(of_books,)))
    said = capsys.readouterr().out
    assert "changed at (UTC)" in said
    assert "2026-11-29 15:34:32" in said
    assert "07:34:32" not in said


async def test_a_void_and_a_deletion_of_a_person_are_said(sale: Explained) -> None:
    """Not as the bridge's own. Guard: `_changed_by`."""
    world = sale.world
    (invoice,) = (await sale.story("#1044")).entities
    await world.by_a_person("void", "Invoice", invoice.id)
    (voided,) = (await sale.story("#1044")).entities
    assert (voided.state, voided.changed_by) == ("voided", "other")
    assert voided.changed_at
    await world.by_a_person("delete", "Invoice", invoice.id)
    (deleted,) = (await sale.story("#1044")).entities
    assert (deleted.state, deleted.changed_by) == ("deleted", "other")


async def test_a_cancellation_is_the_bridges_own_void(sale: Explained) -> None:
    """Guard: the recorded content `void`."""
    await sale.deliver(
        shopify_event(
            "orders/cancelled",
            unpaid(
                cancelled_at="2026-03-04T10:00:00-08:00",
                updated_at="2026-03-04T10:00:00-08:00",
                financial_status="voided",
            ),
        )
    )
    (invoice,) = (await sale.story("#1044")).entities
    assert (invoice.state, invoice.changed_by) == ("voided", "bridge")


async def test_the_payout_that_paid_it_is_named(sale: Explained) -> None:
    """By its rows, and its deposit is among the entities. Guard: `paid_by`."""
    rows = [row("charge", "42.90", "1.54", order=IDENT, transaction=MONEY_ID)]
    await sale.deliver(paid_out(rows))
    story = await sale.story("#1043")
    assert story.payouts == [f"shopify:payout:{PAYOUT_ID}"]
    assert states(story)["Deposit"] == "posted"
    assert (await sale.story("#1044")).payouts == []
    assert (await sale.story(f"shopify:payout:{PAYOUT_ID}")).document == f"shopify:payout:{PAYOUT_ID}"


async def test_a_number_of_two_shops_names_both(sale: Explained) -> None:
    """Exit 1 and the source keys."""
    await sale.deliver(order([line("7.00")], id=450789471, name="#1043", order_number=1043))
    for text in ("#1043", "1043"):
        with pytest.raises(BridgeError, match=r"may be shopify:order:450789469, shopify:order:450789471; name one"):
            await sale.story(text)


async def test_a_dead_letter_is_found_by_what_its_body_says(sale: Explained) -> None:
    """Name, id and the money that waits for it; with its worth."""
    bad = order([line("10.00")], id=450789500, name="#1077", total_price="99.00")
    await sale.deliver(bad, transaction(id=9455009999, order_id=450789500))
    for text in ("#1077", "1077", "450789500", "shopify:order:450789500", "9455009999"):
        story = await sale.story(text)
        assert story.document == "shopify:order:450789500", text
        (letter, *_) = story.letters
        assert (letter.known.letter.code, str(letter.known.content.amount)) == ("unbalanced", "99.00"), text
    assert {each.document for each in story.published} >= {"shopify:transaction:9455009999"}


async def test_a_charge_that_the_shop_books_leads_to_its_order(sale: Explained) -> None:
    """Ignored, and nothing in the books has its id; its own event names the order."""
    ident = "ch_3RqPm2Lk81XcQw0A1bZtYv77"
    await sale.deliver(stripe_event("charge.succeeded", charge(metadata={"order_id": str(IDENT)})))
    assert (await sale.story(ident)).document == ORDER


async def test_money_that_waits_is_part_of_its_order(sale: Explained) -> None:
    """Known from the journal. Guard: `waiting` in `SaleLinks`."""
    await sale.deliver(transaction(id=9455008888, order_id=450789888))
    story = await sale.story("9455008888")
    assert (story.document, len(story.waiting)) == ("shopify:order:450789888", 1)


async def test_the_record_of_ids_alone_knows_a_sale(sale: Explained) -> None:
    """Results may be gone. Guards: `recorded` and `question.entity` in `ask`."""
    (invoice,) = [each for each in (await sale.story(ORDER)).entities if each.entity == "Invoice"]
    sale.world.told.clear()
    sale.world.results.clear()
    for text in (ORDER, f"invoice/{invoice.id}"):
        story = await sale.story(text)
        assert (story.document, states(story)) == (ORDER, {"Invoice": "paid", "Payment": "posted"}), text


async def test_money_is_text_and_counts_are_numbers_in_json(sale: Explained) -> None:
    """One document that a parser reads."""
    told = json.loads(story_as_json(await sale.story("#1043")))
    (invoice,) = [each for each in told["entities"] if each["entity"] == "Invoice"]
    assert (invoice["total"], invoice["doc_number"]) == ("42.90", "1043")
    assert {field.name for field in dataclasses.fields(await _type(sale))} >= set(invoice)


async def _type(sale: Explained) -> type:
    return type((await sale.story("#1043")).entities[0])


async def test_nothing_is_said_of_what_nobody_names(sale: Explained) -> None:
    """One sentence."""
    with pytest.raises(BridgeError, match=r"Nothing is known of #9999: no result, dead letter"):
        await sale.story("#9999")
