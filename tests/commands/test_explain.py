"""`explain` and `resume` as a user types them; their stories on a real Kafka are in the scenarios."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import orjson
import pytest

from bridge.commands.resume import refuse_while_paused
from bridge.config.settings import load_settings
from bridge.journal.stop import STOPPED_KEY, Stop
from bridge.kafka.journal import home_partition
from contracts.errors import BridgeError
from contracts.records import OutboundRecord
from contracts.results import PostedEntity, Result, ResultStatus, Source, result_record
from tests.support.desk import Desk
from tests.support.orders import Json, charge, line, order, shopify_event, stripe_event, transaction
from tests.support.results import NOW, result_of

STOP = Stop(code="unmappable", dead_letters=50, at=NOW.isoformat(), process="another")


def told(desk: Desk, *results: Result) -> None:
    desk.put(*(result_record(result, f"results-{desk.name}") for result in results))


def numbered(document: str, doc_number: str) -> Result:
    """A result of some document with this number in QBO."""
    source = Source(
        system="shopify", event_type="orders/paid", event_id=None, document=document, topic="t", partition=0, offset=1
    )
    entity = PostedEntity(entity="Invoice", operation="create", id="9", doc_number=doc_number, request_id="qbb-r")
    return result_of(1).model_copy(update={"source": source, "entities": (entity,)})


def test_a_document_is_explained_by_its_number_in_quickbooks(desk: Desk) -> None:
    """Results, and the attempt that they name."""
    told(desk, result_of(1), numbered("shopify:order:77", "1001"))
    code, out, err = desk.call("explain", "#1001", "--json")
    assert (code, err) == (0, "")
    story = json.loads(out)
    assert (story["document"], story["company"], len(story["results"])) == ("shopify:order:77", "acme-us", 1)
    assert [(each["request_id"], each["outcome"]) for each in story["attempts"]] == [("qbb-r", "written as Invoice 9")]


def test_what_was_never_booked_is_found_by_the_name_in_its_event(desk: Desk) -> None:
    """Guard: `_look_at_events`; its result names nothing that a person knows, and the events are read only then."""
    body = order([line("42.90")], id=8, name="#1043", order_number=1043, admin_graphql_api_id=None)
    event = orjson.dumps(shopify_event("orders/paid", body))
    desk.put(OutboundRecord(topic=desk.events, key=b"8", value=event))
    (record,) = (each for each in desk.again() if each.value == event)
    ignored = result_of(8, ResultStatus.IGNORED, "before_books_start")
    place = {"topic": desk.events, "partition": record.partition, "offset": record.offset}
    source = ignored.source.model_copy(update=place)
    told(desk, ignored.model_copy(update={"source": source, "entities": ()}))
    code, out, err = desk.call("explain", "#1043", "--json")
    assert (code, err) == (0, "")
    story = json.loads(out)
    assert (story["document"], story["ignored"]["code"]) == ("shopify:order:8", "before_books_start")
    assert story["dated"] == "2026-03-02"


def test_a_dead_letter_of_the_document_stands_beside_its_result(desk: Desk) -> None:
    """Found by the record that both are about, and where it was redriven to."""
    refused = result_of(8, ResultStatus.DEAD_LETTERED, "unbalanced")
    told(
        desk,
        refused.model_copy(update={"source": refused.source.model_copy(update={"topic": desk.events, "partition": 2})}),
    )
    desk.put(desk.letter(8, code="unbalanced"), desk.letter(9, code="unbalanced"))
    desk.redrive("0/0")
    code, out, _ = desk.call("explain", "shopify:order:8", "--json")
    (letter,) = json.loads(out)["dead_letters"]
    assert (code, letter["letter"], letter["reason_code"]) == (0, "0/0", "unbalanced")
    assert letter["redriven_to"] == f"{desk.events}:2:0"
    assert "unbalanced" in desk.call("explain", "shopify:order:8")[1]


CHARGE = str(charge()["id"])


def happened(desk: Desk, offset: int, event: Json, document: str, status: ResultStatus) -> None:
    """An event on the topic, and what became of it; nothing of it is recorded or in the books."""
    value = json.dumps(event).encode()
    desk.put(OutboundRecord(topic=desk.events, key=None, value=value, partition=1))
    one = result_of(1, status, "booked_by_shop" if status is ResultStatus.IGNORED else None)
    place = {"document": document, "topic": desk.events, "partition": 1, "offset": offset}
    told(desk, one.model_copy(update={"source": one.source.model_copy(update=place), "entities": ()}))


def test_a_charge_that_is_asked_for_leads_to_the_order_that_its_event_names(desk: Desk) -> None:
    """Nothing else says so: the event is read. Guard: `read_own_events`."""
    event = stripe_event("charge.succeeded", charge(metadata={"order_id": "77"}))
    happened(desk, 0, event, f"stripe:charge:{CHARGE}", ResultStatus.IGNORED)
    code, out, err = desk.call("explain", CHARGE, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["document"] == "shopify:order:77"


def test_a_charge_behind_the_money_of_an_order_is_part_of_its_sale(desk: Desk) -> None:
    """The money's event names it, and the charge's own does not name the order. Guard: `read_parts`."""
    money = shopify_event("order_transactions/create", transaction(id=78, order_id=77, receipt={"charge": CHARGE}))
    happened(desk, 0, money, "shopify:order:77", ResultStatus.ALREADY_POSTED)
    happened(desk, 1, stripe_event("charge.succeeded", charge()), f"stripe:charge:{CHARGE}", ResultStatus.IGNORED)
    code, out, err = desk.call("explain", "shopify:order:77", "--json")
    assert (code, err) == (0, "")
    documents = [each["source"]["document"] for each in json.loads(out)["results"]]
    assert documents == ["shopify:order:77", f"stripe:charge:{CHARGE}"]


def test_what_is_known_of_nobody_or_of_several_is_a_sentence(desk: Desk) -> None:
    """1, and which one to name."""
    told(desk, numbered("shopify:order:77", "1001"), numbered("shopify:order:78", "1001"))
    code, out, err = desk.call("explain", "4711")
    assert (code, out) == (1, "")
    assert err.startswith("Nothing is known of 4711: no result, dead letter, journal entry or recorded Id names it (")
    assert f"results-{desk.name} since 2" in err
    assert desk.call("explain", "1001") == (
        1,
        "",
        "1001 may be shopify:order:77, shopify:order:78; name one of them.\n",
    )


def test_resume_ends_the_stop_and_says_what_it_was(desk: Desk) -> None:
    """Once; then there is nothing to resume. Guard: the tombstone."""
    put_stop(desk, "beta")
    code, out, err = desk.call("resume", "--company", "beta")
    assert (code, err) == (0, "")
    assert "beta goes on. It had stopped after 50 dead letters in a row with the reason unmappable" in out
    assert "qbo-bridge dead-letters redrive --company beta --reason unmappable" in out
    code, out, err = desk.call("resume", "--company", "beta")
    assert (code, out) == (1, "")
    assert err.startswith(
        "There is nothing to resume: beta is not paused and has not stopped after too many dead letters."
    )


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--company", "gamma"), 1, "There is no company 'gamma'; expected one of: acme-us, beta."),
        ((), 2, "name one of acme-us, beta"),
    ],
)
def test_resume_needs_a_company_that_there_is(desk: Desk, arguments: tuple[str, ...], code: int, sentence: str) -> None:
    """The stop of another one stays."""
    put_stop(desk, "beta")
    ended, _, err = desk.call("resume", *arguments)
    assert (ended, sentence in err) == (code, True)


def put_stop(desk: Desk, company: str) -> None:
    """As the owner of `company` leaves it; the embedded broker makes topics of four partitions."""
    key = f"{company}:{STOPPED_KEY}".encode()
    home = home_partition(company, 4)
    desk.put(OutboundRecord(topic=f"journal-{desk.name}", key=key, value=STOP.to_bytes(), partition=home))


def test_a_backfill_does_not_begin_while_its_company_is_paused(desk: Desk) -> None:
    """It says so and how it goes on, instead of waiting. Guard: `refuse_while_paused`."""
    settings = load_settings(Path("bridge.toml"), {})
    assert desk.call("pause", "--company", "beta")[0] == 0
    with pytest.raises(BridgeError, match=r"beta is paused since .* resume --company beta"):
        asyncio.run(refuse_while_paused(settings, "beta"))
    asyncio.run(refuse_while_paused(settings, "acme-us"))
    assert desk.call("resume", "--company", "beta")[0] == 0
    asyncio.run(refuse_while_paused(settings, "beta"))


def test_a_company_is_paused_and_resumed_once(desk: Desk) -> None:
    """Pausing twice, and resuming what is not paused, is a sentence."""
    code, out, err = desk.call("pause", "--company", "beta")
    assert (code, err) == (0, "")
    assert "qbo-bridge resume --company beta" in out
    code, out, err = desk.call("pause", "--company", "beta")
    assert (code, out) == (1, "")
    assert err.startswith("beta is paused already, since 20")
    code, out, err = desk.call("resume", "--company", "beta")
    assert (code, err) == (0, "")
    assert out.startswith("beta goes on. It was paused since 20")
    code, out, err = desk.call("resume", "--company", "beta")
    assert (code, out) == (1, "")
    assert err.startswith("There is nothing to resume: beta is not paused")
