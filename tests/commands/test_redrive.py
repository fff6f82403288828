"""`dead-letters redrive` as a user types it: which events go out again, as what, and how often."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bridge.commands.dead_letters.redriving import REDRIVES_MAX, again, read_letter
from bridge.decoding.headers import claimed_shop
from bridge.decoding.record import decode_record
from contracts.dead_letters import OWN_HEADERS, dead_letter_record
from contracts.records import Headers, InboundRecord, OutboundRecord
from contracts.schemas import DeadLetterHeaders
from tests.support.desk import Desk
from tests.support.orders import line, order, shopify_event


def test_a_redriven_event_is_the_original_in_its_own_partition(desk: Desk) -> None:
    """Bytes, key and headers; one header more says where it comes from. Guards: `again`, `OWN_HEADERS`."""
    odd = (("X-Shopify-Topic", b"orders/paid"), ("x-null", None), ("x-odd", b"\xff"), ("x-odd", b"2"))
    desk.put(desk.letter(7, headers=odd), desk.letter(8, headers=odd))
    code, out, err = desk.redrive("0/0", "0/1")
    assert (code, err) == (0, "")
    assert "Redriven: 2 of 2." in out
    events = {record.value: record for record in desk.again()}
    for offset, letter in ((7, 0), (8, 1)):
        event = events[f"event {offset} \xff".encode("latin-1")]
        assert (event.partition, event.key) == (offset % 3, b"key")
        assert event.headers == (*odd, ("qbb-redriven-from", f"{desk.letters}:0:{letter}".encode()))


@pytest.mark.parametrize(
    ("arguments", "offsets"),
    [
        (("--all",), [1, 2, 3, 4]),
        (("--reason", "unbalanced"), [2]),
        (("--company", "beta"), [3]),
        (("--from", "2026-11-23", "--to", "2026-11-24"), [4]),
        (("0/1", "0/3"), [2, 4]),
        (("events/2/2",), [2]),
        (("events:0:3", "--reason", "unmappable"), [3]),
    ],
)
def test_letters_are_chosen(desk: Desk, arguments: Sequence[str], offsets: list[int]) -> None:
    """By reason, company, time of failure, letter, or record. Guard: `Wanted`."""
    desk.put(desk.letter(1), desk.letter(2, code="unbalanced"), desk.letter(3, company="beta"))
    desk.put(desk.letter(4, failed_at="2026-11-23T00:00:00+00:00"))
    assert desk.redrive(*(each.replace("events", desk.events) for each in arguments))[0] == 0
    assert desk.offsets() == [*offsets, 999]


def test_nothing_that_was_redriven_is_redriven_again(desk: Desk) -> None:
    """An interrupted redrive is started again and goes on with the rest. Guard: the mark in the journal."""
    desk.put(desk.letter(1), desk.letter(2), desk.letter(3))
    desk.redrive("0/1")
    code, out, _ = desk.redrive("--all")
    assert (code, "1 were redriven before" in out, "Redriven: 2 of 2." in out) == (0, True, True)
    code, out, _ = desk.redrive("--all")
    assert (code, "3 were redriven before" in out) == (0, True)
    assert desk.offsets() == [1, 2, 3, 999]


def test_what_ended_with_a_document_is_redriven_with_it(desk: Desk) -> None:
    """By naming the document alone, or its reason; nothing else is. Guard: `ended_with` in `_find`."""
    order = f"{desk.events}:1:1"
    desk.put(
        desk.letter(1),
        desk.letter(2, code="orphan", ended_with=order),
        desk.letter(3, code="orphan"),
        desk.letter(4, code="orphan", ended_with=f"{desk.events}:2:5"),
    )
    code, out, _ = desk.redrive("0/0")
    assert (code, "Redriven: 2 of 2." in out) == (0, True)
    assert desk.offsets() == [1, 2, 999]


def test_a_letter_that_is_named_again_says_when_it_was_redriven(desk: Desk) -> None:
    """Naming it does not insist; `--force` does."""
    desk.put(desk.letter(1))
    desk.redrive("0/0")
    code, _, err = desk.redrive("0/0")
    assert code == 1
    assert f"{desk.letters}:0:0 was not redriven: it was redriven at 2" in err
    assert desk.redrive("0/0", "--force")[0] == 0
    assert desk.offsets() == [1, 1, 999]


def test_an_event_that_was_redriven_three_times_is_refused(desk: Desk) -> None:
    """It failed each time, so it goes round for ever. Guard: `REDRIVES_MAX`."""
    headers: Headers = tuple(("qbb-redriven-from", f"dlq:0:{number}".encode()) for number in range(REDRIVES_MAX))
    desk.put(desk.letter(1, headers=headers), desk.letter(2, headers=headers[1:]))
    code, out, err = desk.redrive("--all")
    assert (code, "Redriven: 1 of 1." in out) == (1, True)
    assert f"{desk.letters}:0:0 was not redriven: its event was redriven 3 times already and failed again" in err
    assert desk.redrive("0/0", "--force")[0] == 0
    counts = [sum(1 for name, _ in record.headers if name == "qbb-redriven-from") for record in desk.again()]
    assert sorted(counts) == [0, 3, 4]


def test_a_value_that_was_omitted_cannot_be_redriven(desk: Desk) -> None:
    """Nor can it be insisted on. Guard: `omitted`."""
    letter = desk.letter(1)
    desk.put(
        OutboundRecord(
            topic=letter.topic,
            key=letter.key,
            value=None,
            headers=(*letter.headers, ("qbb-value-omitted", b"too_large")),
            partition=0,
        )
    )
    code, _, err = desk.redrive("0/0", "--force")
    assert code == 1
    assert err == (
        f"{desk.letters}:0:0 was not redriven: its value was too large for the dead-letter topic, "
        "so only the source can send it again.\n"
    )
    assert desk.offsets() == [999]


def test_what_came_from_a_topic_that_is_not_read_stays(desk: Desk) -> None:
    """Nobody would consume it there. Guard: `topics` in `refusal`."""
    desk.put(desk.letter(1, topic="elsewhere"))
    code, _, err = desk.redrive("--all")
    assert (code, "it came from elsewhere, which is not among topics.events any more" in err) == (1, True)


def test_of_a_record_that_failed_twice_the_newest_letter_is_redriven(desk: Desk) -> None:
    """A rewound group tells it twice; the event goes out once. Guard: `newest` in `_find`."""
    desk.put(desk.letter(1), desk.letter(1, failed_at="2026-11-22T13:00:00+00:00"))
    assert desk.redrive("--all")[0] == 0
    assert desk.offsets() == [1, 999]


def test_a_rehearsal_writes_nothing(desk: Desk) -> None:
    """It shows what would go where, and what would not. Guard: `dry_run`."""
    desk.put(desk.letter(1), desk.letter(2, topic="elsewhere"))
    code, out, err = desk.redrive("--all", "--dry-run")
    assert (code, err) == (0, "")
    assert "1 would be redriven, 1 would not." in out
    assert f"{desk.events}/1" in out
    assert desk.offsets() == [999]


def test_strangers_on_the_topic_are_passed_over(desk: Desk) -> None:
    """A record without our headers is no dead letter of ours."""
    desk.put(OutboundRecord(topic=desk.letters, key=None, value=b"event 5", partition=0), desk.letter(1))
    assert desk.redrive("--all")[0] == 0
    assert desk.offsets() == [1, 999]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("0/99",), 1, "There is no dead letter {letters}:0:99 on {letters}."),
        (("--reason", "rejected"), 1, "No dead letter on {letters} is one of those that were asked for."),
        (("--company", "gamma"), 1, "There is no company 'gamma'; expected one of: acme-us, beta."),
        ((), 2, "expected dead letters, or options that choose some, or --all alone"),
        (("--all", "--reason", "unbalanced"), 2, "expected dead letters, or options that choose some, or --all alone"),
        (("twelve",), 2, "twelve: expected PARTITION/OFFSET"),
        (("--from", "soon"), 2, "--from soon: expected a date or time in ISO 8601"),
    ],
)
def test_each_mistake_is_a_sentence(desk: Desk, arguments: Sequence[str], code: int, sentence: str) -> None:
    """1 for what is not there, 2 for wrong usage."""
    desk.put(desk.letter(1))
    ended, _, err = desk.redrive(*arguments)
    assert ended == code
    assert sentence.format(letters=desk.letters) in " ".join(err.split())


def test_rates_are_kept(desk: Desk) -> None:
    """Ten events at ten a second take about a second. Guard: the sleep in `_redrive`."""
    desk.put(*(desk.letter(number) for number in range(1, 11)))
    code, out, _ = desk.call("dead-letters", "redrive", "--all", "--rate", "10")
    assert (code, "Redriven: 10 of 10." in out) == (0, True)
    times = sorted(record.timestamp_ms for record in desk.again())[1:]
    assert times[-1] - times[0] >= 600


def test_what_we_put_on_a_dead_letter_is_what_we_take_off_again() -> None:
    """And the published schema names the same headers. Guard: `OWN_HEADERS`."""
    published = set(json.loads(json.dumps(DeadLetterHeaders.model_json_schema()))["properties"])
    assert published == OWN_HEADERS | {"qbb-redriven-from"}


def test_the_bridge_reads_the_original_event_in_a_redriven_record() -> None:
    """The header is harmless: the envelope is equal, the company the same."""
    body = json.dumps(shopify_event("orders/paid", order([line("5.00", 2)]))).encode()
    headers: Headers = (("X-Shopify-Shop-Domain", b"acme.myshopify.com"),)
    original = InboundRecord(topic="t", partition=1, offset=7, key=b"k", value=body, headers=headers, timestamp_ms=1)
    facts = {"reason-code": "x", "reason": "y", "company": "acme", "topic": "t", "partition": "1", "offset": "7"}
    told = dead_letter_record(original, "dlq", {**facts, "failed-at": "2026-11-22T12:00:00+00:00", "attempts": "1"})
    dead = InboundRecord(
        topic="dlq", partition=0, offset=12, key=told.key, value=told.value, headers=told.headers, timestamp_ms=2
    )
    letter = read_letter(dead)
    assert letter is not None
    event = again(dead, letter)
    redriven = replace(original, offset=99, key=event.key, value=event.value, headers=event.headers)
    assert dict(redriven.headers)["qbb-redriven-from"] == b"dlq:0:12"
    assert decode_record(redriven) == decode_record(original)
    assert claimed_shop(redriven) == claimed_shop(original) == "acme.myshopify.com"
