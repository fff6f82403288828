"""What earlier releases left in the journal is taken over: the bytes of each are kept under `fixtures`."""

from __future__ import annotations

import base64
import zlib
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import orjson
import pytest

from bridge.index.payment_links import noted
from bridge.journal.doubts import read_decisions, read_doubts
from bridge.journal.entries import FORMAT, KINDS, check_formats, kind_of
from bridge.journal.job_lines import lines_of, read_left
from bridge.journal.jobs import left_out, read_cancelled, read_jobs
from bridge.journal.known_until import read_known_until
from bridge.journal.pause import PAUSED_KEY, Pauses
from bridge.journal.reads import reads_of_month
from bridge.journal.redrives import read_redrive
from bridge.journal.refused import read_refused
from bridge.journal.requests import unsettled_requests
from bridge.journal.stop import STOPPED_KEY, Stop
from bridge.journal.versions import read_versions
from bridge.journal.waiting import parked_records
from tests.support import journal_story as story
from tests.support.assembly import MemoryJournal
from tests.support.orders import bought, later
from tests.support.stripe_lives import CHARGED, FINALIZED
from tests.support.world import World, opened

RELEASES = sorted(story.FIXTURES.glob("*.jsonl"))
UNPAID = {"financial_status": "pending", "total_outstanding": "42.90"}
PACKED = {"request:": "body", "waiting:": "value", "doubtful:": "value"}


def taken_over(path: Path) -> AbstractAsyncContextManager[World]:
    """A young company whose owner finds this journal."""
    return opened(journal=MemoryJournal(entries=dict(story.read_fixture(path))))


def unpacked(key: str, value: bytes) -> object:
    """An entry without what another build of zlib packs in another way."""
    fields = orjson.loads(value)
    packed = PACKED.get(getattr(kind_of(key), "prefix", ""))
    return fields | ({packed: zlib.decompress(base64.b64decode(fields[packed]))} if packed else {})


def test_every_kind_has_an_entry_in_the_newest_fixture() -> None:
    """In the format that this release writes. Guard: a kind or a format that is added without its fixture."""
    newest = story.read_fixture(RELEASES[-1])
    formats = {(kind_of(key), orjson.loads(value)[FORMAT]) for key, value in newest.items()}
    assert formats == {(kind, kind.writes) for kind in KINDS}


async def test_what_is_written_today_is_what_the_newest_fixture_says() -> None:
    """Guard: a format that changes under its old number."""
    today, newest = await story.written_today(), story.read_fixture(RELEASES[-1])
    assert {key: unpacked(key, value) for key, value in today.items()} == {
        key: unpacked(key, value) for key, value in newest.items()
    }


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_every_entry_says_what_was_drawn(path: Path) -> None:
    """Read by the modules that own the kinds."""
    journal = story.read_fixture(path)
    check_formats(journal)
    found = unsettled_requests(journal)
    assert [each.request for each in found] == [story.TOGETHER, story.ALONE]
    assert {name: step for each in found for name, step in each.steps.items()} == story.STEPS
    assert tuple(parked_records(journal)) == (story.WAITS,)
    assert read_versions(journal) == {
        story.CANCELLED: story.CANCELLED_AS_OF,
        story.INTENT: noted({story.INVOICE: None}),
    }
    assert read_known_until(journal) == story.NOON
    assert Stop.from_bytes(journal[STOPPED_KEY]) == story.STOPPED
    assert Pauses.from_bytes(journal[PAUSED_KEY]) == story.PAUSES
    assert reads_of_month(journal, story.NOON) == story.READ
    assert read_redrive(journal, story.LETTER) == story.REDRIVEN
    assert read_refused(journal) == {story.REFUSED: story.REFUSED_AS}
    assert list(read_doubts(journal)) == [story.IN_DOUBT]
    assert read_decisions(journal) == {story.IN_DOUBT.order: story.DECIDED}
    assert read_jobs(journal) == [story.JOB_AT_WORK]
    assert left_out(journal, story.JOB_AT_WORK) == {story.WAITS.record.place}
    assert lines_of(journal, story.JOB_AT_WORK) == [story.PLANNED]
    assert read_left(journal, story.JOB_AT_WORK.id) == story.LEFT
    assert read_cancelled(journal) == {story.JOB_AT_WORK.id}


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
async def test_requests_are_resent_and_the_stop_of_another_process_ends(path: Path) -> None:
    """The customers of the batch and the one alone are in the books once; the journal holds neither any more."""
    async with taken_over(path) as acme:
        names = [row["DisplayName"] for row in acme.held("Customer")]
        assert sorted(names) == ["Resent alone", "Resent one", "Resent two"]
        assert not [key for key in acme.journal.entries if key.startswith("request:") or key == STOPPED_KEY]
        assert acme.shown["phase"] == "running"


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
async def test_money_that_waited_finds_its_order(path: Path) -> None:
    """Its bytes and headers came through; it ends in the journal with its own result."""
    async with taken_over(path) as acme:
        assert acme.shown["waiting_documents"] == 1
        results = await acme.tell(bought(2, **UNPAID))
        assert {result.status.value for result in results} == {"posted"}
        assert len(acme.ours("Payment")) == 1
        assert results[-1].source.place == story.WAITS.record.place
        assert story.WAITS.key not in {key for key, value in acme.journal.entries.items() if value}


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
async def test_a_document_whose_marker_is_lost_is_not_posted_again(path: Path) -> None:
    """QBO shows nothing of it; the journal knows that a person deleted it."""
    async with taken_over(path) as acme:
        (result,) = await acme.tell(later(bought(0, **UNPAID), 10))
        assert result.reason is not None
        assert (result.status.value, result.reason.code, acme.ours("Invoice")) == ("ignored", "deleted_in_qbo", {})


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
async def test_versions_and_links_count(path: Path) -> None:
    """An older body of a cancelled order is superseded; a charge that pays an invoice is no sale of its own."""
    async with taken_over(path) as acme:
        (old,) = await acme.tell(later(bought(1), 5))
        await acme.tell(FINALIZED)
        await acme.tell(CHARGED)
        assert old.status.value == "superseded"
        assert set(acme.ours("Invoice")) == {story.INVOICE}
