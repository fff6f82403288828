"""A bug of ours is the end of the one record that it needs: everybody else is posted, whichever step it sits in."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from contracts.results import Result
from tests.support.bugs import ERRORS, SECRET, STEPS, break_step
from tests.support.orders import ORDER_ID, bought, later, transaction
from tests.support.world import World, opened

ENDS_ITS_RECORD = sorted(set(STEPS) - {"waking"})


def code_of(result: Result) -> str | None:
    return result.reason.code if result.reason else None


def told_by_document(acme: World) -> dict[str | None, list[Result]]:
    found: dict[str | None, list[Result]] = {}
    for result in acme.told:
        found.setdefault(result.source.document, []).append(result)
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("step", ENDS_ITS_RECORD)
async def test_a_bug_ends_the_record_that_it_needs_and_no_other(
    monkeypatch: pytest.MonkeyPatch, step: str, seed: int
) -> None:
    """Wherever it stands in the micro-batch, whatever is raised. Guards: each `contained`, `isolated`."""
    chance = random.Random(f"{seed} {step}")  # noqa: S311 - a test's, not a secret's
    numbers = chance.sample(range(100, 1_000), chance.randrange(5, 14))
    culprits = set(chance.sample(numbers, chance.randrange(1, 3)))
    break_step(monkeypatch, step, [ORDER_ID + number for number in culprits], chance.choice(ERRORS))
    async with opened() as acme:
        records = acme.records(*map(bought, numbers))
        await acme.process(records)
        told = {result.source.offset: (result.status.value, code_of(result)) for result in acme.told}
        expected = {
            record.offset: ("dead_lettered", "internal") if number in culprits else ("posted", None)
            for record, number in zip(records, numbers, strict=True)
        }
        assert told == expected
        assert len(acme.told) == len(numbers)
        letters = {int(dict(each.headers)["qbb-offset"] or b""): each.value for each in acme.dead_letters}
        assert letters == {each.offset: each.value for each in records if told[each.offset][1] == "internal"}
        booked = {key.id for key in acme.ours("Invoice")} & {str(ORDER_ID + number) for number in numbers}
        assert booked >= {str(ORDER_ID + number) for number in numbers if number not in culprits}


@pytest.mark.parametrize("step", ENDS_ITS_RECORD)
async def test_it_says_where_and_never_what(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """The words of an exception may quote a payload. Guard: `in_short`."""
    break_step(monkeypatch, step, [ORDER_ID + 7])
    async with opened() as acme:
        (result,) = await acme.tell(bought(7))
        assert result.reason is not None
        assert "KeyError at bridge." in result.reason.message
        (letter,) = acme.dead_letters
        said = json.dumps([result.model_dump(mode="json"), *[[name, str(value)] for name, value in letter.headers]])
        assert SECRET not in said


async def test_a_write_is_credited_to_one_record_when_its_micro_batch_is_halved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same order told twice lies in both halves. Guard: `told` in `_written_for`."""
    break_step(monkeypatch, "planning", [ORDER_ID + 7])
    async with opened() as acme:
        results = await acme.tell(bought(1), bought(2), bought(2), bought(7))
        assert [each.status.value for each in results] == ["posted", "posted", "already_posted", "dead_lettered"]


async def test_what_a_record_has_written_before_the_bug_is_told_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person must find it. Guard: `written_by` in `Pipeline._broken`."""
    break_step(monkeypatch, "settling", [ORDER_ID + 7])
    async with opened() as acme:
        (result,) = await acme.tell(bought(7))
        assert {(each.entity, each.operation) for each in result.entities} >= {
            ("Invoice", "create"),
            ("Payment", "create"),
        }


async def test_two_records_that_only_together_meet_a_bug_are_posted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is to blame alone."""
    break_step(monkeypatch, "planning", [ORDER_ID + 1, ORDER_ID + 9], together=True)
    async with opened() as acme:
        results = await acme.tell(*map(bought, range(1, 10)))
        assert {each.status.value for each in results} == {"posted"}
        assert len(acme.ours("Invoice")) == 9


async def test_the_order_of_one_documents_events_is_kept_when_they_are_halved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was told later is what stands in the books."""
    break_step(monkeypatch, "binding", [ORDER_ID + 7])
    async with opened() as acme:
        newer = later(bought(2), 30, note="second")
        await acme.tell(bought(2), bought(3), newer, bought(7))
        assert [code_of(each) for each in acme.told][-1] == "internal"
        again = await acme.tell(newer)
        assert [each.status.value for each in again] == ["already_posted"]


async def test_a_redrive_after_the_bug_is_mended_posts_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dead letter has the bytes; what was written already is found."""
    async with opened() as acme:
        with monkeypatch.context() as patched:
            break_step(patched, "binding", [ORDER_ID + 7])
            records = acme.records(bought(7))
            await acme.process(records)
        (result,) = await acme.process(records)
        assert (result.status.value, len(acme.ours("Invoice"))) == ("posted", 1)


async def test_an_event_that_waits_meets_its_bug_without_keeping_the_company_from_being_taken_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What waits is mapped at take-over. Guard: `contained` in `EventMapper`."""
    async with opened() as before:
        await before.tell(transaction(id=77, order_id=ORDER_ID + 5))
        break_step(monkeypatch, "mapping", [ORDER_ID + 5])
        async with opened(after=before) as acme:
            told = await acme.idle()
            assert [(each.status.value, code_of(each)) for each in told] == [("dead_lettered", "internal")]
            (result,) = await acme.tell(bought(6))
            assert result.status.value == "posted"


async def test_whom_an_event_wakes_is_looked_at_later_when_a_bug_hides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event itself is posted. Guard: `_spoken_of`."""
    async with opened() as acme:
        await acme.tell(transaction(id=77, order_id=ORDER_ID + 5))
        with monkeypatch.context() as patched:
            break_step(patched, "waking", [ORDER_ID + 5])
            (result,) = await acme.tell(bought(5))
            assert result.status.value == "posted"
        await acme.clock.advance(3_700)
        told = await acme.idle()
        assert {each.status.value for each in told} <= {"posted", "already_posted"}
        assert len(told) == 1


async def test_fifty_bugs_in_a_row_stop_the_company(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that can book nothing must not drain the topic. Guard: `internal` counts in `Breaker`."""
    break_step(monkeypatch, "mapping", [""])
    async with opened() as acme:
        with pytest.raises(Exception, match="no more than 50"):
            await acme.tell(*map(bought, range(60)))
        acme.offset = 0
        await acme.tell(*map(bought, range(50)))
        assert acme.shown["reasons"] == {"internal": 50}
        assert acme.shown["dead_letters_in_a_row"] == 50


async def test_a_record_that_could_not_be_read_is_the_dead_letter_internal() -> None:
    """It has no value, and is no tombstone. Guard: `unread` in `map_record`."""
    async with opened() as world:
        unread = replace(world.record(None), unread="ZeroDivisionError at bridge.kafka.convert:20")
        sound = world.record(bought(1))
        first, second = await world.deliver_records(unread, sound)
    assert (first.status, first.reason and first.reason.code) == ("dead_lettered", "internal")
    assert first.source.offset == unread.offset
    assert second.status == "posted"
