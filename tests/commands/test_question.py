"""What a person types names just the documents that it means: ids and names of every kind, but no buyer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.commands.contents import EventContent
from bridge.commands.dead_letters.dismissals import Dismissal, dismissal_record, read_dismissal
from bridge.commands.dead_letters.redriving import Letter
from bridge.commands.explain.question import Question
from bridge.commands.explain.story import Attempt
from bridge.commands.glance import SCHEMA, ResultGlance, glance_at
from bridge.journal.pause import Pauses
from contracts.keys import SourceKey
from contracts.records import InboundRecord, Place
from contracts.results import ResultStatus

PLACE, ELSEWHERE = Place("shopify.events", 0, 7), Place("qbo.dead-letters", 1, 3)
DOCUMENT = "shopify:order:450789469"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
INVOICE = {"entity": "Invoice", "id": "145", "doc_number": "1043-9469", "request_id": "qbb-r/2", "intuit_tid": "1-tid"}
CUSTOMER = {"entity": "Customer", "id": "12", "doc_number": None, "request_id": "qbb-r/1", "intuit_tid": "1-tid"}


def result(*entities: dict[str, Any]) -> ResultGlance:
    return ResultGlance("acme-us", ResultStatus.POSTED, DOCUMENT, PLACE, "", "", entities)


@pytest.mark.parametrize(
    ("text", "is_meant"),
    [
        (DOCUMENT, True),
        ("450789469", True),
        ("shopify.events/0/7", True),
        ("shopify.events/0/8", False),
        ("invoice/145", True),
        ("payment/145", False),
        ("customer/12", False),
        ("#1043", True),
        ("1043-9469", True),
        ("#1044", False),
        ("qbb-r/2", True),
        ("qbb-r", True),
        ("1-tid", True),
    ],
)
def test_a_result_is_named_by_what_it_tells(text: str, *, is_meant: bool) -> None:
    """A number that a stranger's document had too, but no customer. Guard: `NAME_LISTS`, `numbers`, `place`."""
    assert Question.read(text).names_result(result(CUSTOMER, INVOICE)) is is_meant


WORDS = st.text(st.sampled_from('#AB019-_./:é\\"\n '), max_size=10)
DOCUMENTS = st.one_of(st.none(), WORDS, st.builds(lambda ident: f"shopify:order:{ident}", st.integers(1, 999)))
ENTITIES = st.fixed_dictionaries(
    {
        "entity": st.sampled_from(("Invoice", "Customer", "Payment")),
        "id": st.integers(1, 99).map(str),
        "doc_number": st.none() | WORDS,
        "request_id": st.none() | WORDS,
        "intuit_tid": st.none() | WORDS,
    }
)


@given(DOCUMENTS, st.lists(ENTITIES, max_size=2), st.integers(0, 9), st.data())
def test_a_result_that_is_meant_is_never_ruled_out_unread(
    document: str | None, entities: list[dict[str, Any]], offset: int, data: st.DataObject
) -> None:
    """Whatever of it is typed, and however JSON writes that. Guard: what `may_mean` looks for."""
    source = {"document": document, "topic": "a", "partition": 0, "offset": offset}
    body = {"schema": SCHEMA, "company": "acme", "status": "posted", "reason": None, "source": source}
    value = orjson.dumps(body | {"entities": entities})
    said = [document or "", f"a/0/{offset}", *(str(each) for entity in entities for each in entity.values())]
    said += [f"{entity['entity'].lower()}/{entity['id']}" for entity in entities]
    text = data.draw(st.sampled_from(("", "#", "# "))) + data.draw(st.sampled_from([*said, *_parts(said)]))
    record = InboundRecord.known_by_place(Place("qbo.results", 0, 0))
    glance = glance_at(replace(record, value=value))
    assert glance is not None
    question = Question.read(text)
    assert question.may_mean(value) or not question.names_result(glance)


def _parts(said: list[str]) -> list[str]:
    return [part for each in said for sign in ":/-" for part in each.split(sign)]


def test_a_result_of_another_order_is_ruled_out_unread() -> None:
    """Or nothing would be won."""
    value = orjson.dumps({"source": {"document": DOCUMENT}, "entities": [INVOICE]})
    assert Question.read(DOCUMENT).may_mean(value)
    assert not Question.read("shopify:order:450789470").may_mean(value)
    assert not Question.read("#1044").may_mean(value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("invoce/160", "Is invoice/160 meant?"),
        ("Payments/7", "Is payment/7 meant?"),
        ("customer/12", "A customer is no sale and may be in many: ask for an order, charge or invoice"),
        ("invoice/160", ""),
        ("EU/1043", ""),
        ("#1043", ""),
    ],
)
def test_a_mistyped_question_names_what_may_be_meant(text: str, hint: str) -> None:
    """Where nothing is known of it, and only then is it asked for. Guard: `hint`."""
    assert Question.read(text).hint == hint


def test_a_space_after_the_sign_of_a_number_is_no_part_of_it() -> None:
    """`# 1043`, as it is copied from a letter. Guard: `number`."""
    assert Question.read("# 1043 ").names_result(result(INVOICE))


def test_a_buyer_is_no_document() -> None:
    """All of a buyer's sales share one request for the customer. Guard: `NAME_LISTS`."""
    assert not any(Question.read(text).names_result(result(CUSTOMER)) for text in ("customer/12", "qbb-r/1", "1-tid"))


CONTENT = EventContent(
    document=SourceKey("shopify", "transaction", "70"),
    sale=SourceKey("shopify", "order", "5"),
    names=frozenset({"1043", "ch_abcdef1"}),
)


@pytest.mark.parametrize("text", ["shopify.events/0/7", "shopify:transaction:70", "#1043", "1043", "ch_abcdef1"])
def test_an_event_that_waits_is_named_by_place_key_and_names(text: str) -> None:
    """Each by itself. Guard: `names_event`."""
    assert Question.read(text).names_event(PLACE, CONTENT)
    assert not Question.read(f"{text}9").names_event(PLACE, CONTENT)


@pytest.mark.parametrize(
    "text",
    ["shopify.events/0/7", "qbo.dead-letters/1/3", "shopify:transaction:70", "shopify:order:5", "#1043", "1-tid"],
)
def test_a_dead_letter_is_named_by_both_its_places_and_its_body(text: str) -> None:
    """Guard: `names_letter`."""
    letter = Letter(ELSEWHERE, PLACE, "acme-us", "orphan", NOW, 0, omitted=False)
    assert Question.read(text).names_letter(letter, {"intuit-tid": "1-tid"}, CONTENT)
    assert not Question.read(f"{text}9").names_letter(letter, {"intuit-tid": "1-tid"}, CONTENT)


@pytest.mark.parametrize("text", ["qbb-r", "qbb-r/2", "1-tid", DOCUMENT])
def test_an_attempt_is_named_by_its_request(text: str) -> None:
    """Its part of a batch or all of it. Guard: `names_attempt`."""
    attempt = Attempt(
        request_id="qbb-r/2", document=DOCUMENT, entity="Invoice", operation="create", outcome="", intuit_tid="1-tid"
    )
    assert Question.read(text).names_attempt(attempt)
    assert not Question.read(f"{text}9").names_attempt(attempt)


def test_an_event_dismisses_nothing_whatever_headers_it_brings() -> None:
    """Only a record without content does. Guard: the value in `read_dismissal`."""
    made = dismissal_record(Dismissal(ELSEWHERE, "by hand", NOW), "acme-us")
    assert read_dismissal(_consumed(made.headers, None)) == Dismissal(ELSEWHERE, "by hand", NOW)
    assert read_dismissal(_consumed(made.headers, b"{}")) is None


def _consumed(headers: Any, value: bytes | None) -> InboundRecord:
    return InboundRecord(
        topic=ELSEWHERE.topic, partition=1, offset=9, key=None, value=value, headers=headers, timestamp_ms=0
    )


def test_only_a_pause_that_it_has_seen_lengthens_a_wait() -> None:
    """One from before adds nothing, nor one after its end. Guard: the condition in `end_of`."""
    hour = timedelta(hours=1)
    pauses = Pauses(
        past=((NOW - 3 * hour, NOW - 2 * hour), (NOW + hour, NOW + 2 * hour), (NOW + 9 * hour, NOW + 10 * hour))
    )
    assert pauses.end_of(NOW, 3 * hour) == NOW + 4 * hour
