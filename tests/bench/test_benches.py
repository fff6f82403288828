"""Each bench runs to its end: here at a tiny size, so that none is found broken on the day it is needed."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import orjson
import pytest
import structlog

from bridge.sandbox import bench as sandbox_bench
from tests.bench import __main__ as stages
from tests.bench import answers, backfill, backlog, kept_by_hand, record, results, waiting
from tests.bench.recorded import Recorded


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A bench is a program, and says itself what is logged."""
    yield
    structlog.reset_defaults()


def test_the_bench_of_the_stages_prints_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Decoding, mapping and planning, and how full the calls are."""
    stages.main(["--orders", "4"])
    said = capsys.readouterr().out
    assert "decode and map" in said
    assert "schedule" in said
    assert "calls at least" in said


def test_the_bench_of_a_backlog_goes_through_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """More events than a company takes at once before the first of them is booked. Guard: the split of a batch."""
    backlog.main(["25"])
    rows = dict(line.rsplit("  ", 1) for line in capsys.readouterr().out.splitlines())
    named = {name.strip(): value.strip() for name, value in rows.items()}
    assert int(named["events"]) > 50
    assert int(named["steps written"]) > 50
    assert named["time against the bare requests"].endswith(" x")


def test_the_bench_of_what_waits_measures_idle_seconds_and_another_company(capsys: pytest.CaptureFixture[str]) -> None:
    """Each measurement has its number."""
    waiting.main(["20", "2"])
    rows = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    assert len(rows) == 8
    assert rows["parked events"].strip() == "20"
    assert all(each.strip() for each in rows.values())


@pytest.mark.parametrize("held", [[], ["--planned"]])
def test_the_bench_of_a_backfill_counts_the_books(held: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each order is there once, however often its owner was killed, and QuickBooks refused nothing for its limits."""
    backfill.main(["30", *held])
    rows = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    said = {name: value.strip() for name, value in rows.items()}
    assert said["results of the job"] == "12 already_posted, 18 posted"
    assert said["answers 429"] == "0"
    assert said["what is wrong in the books"] == "nothing"
    assert said["documents that a second run wrote"] == "0"


def test_the_bench_of_books_kept_by_hand_finds_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """One order of each kind, in a company with automated sales tax and one without; the truth is the story's."""
    kept_by_hand.main(["1", "--seeds", "1", "2"])
    said = capsys.readouterr().out
    assert "(100.0 %); wrong: 0, doubled: 0." in said
    rows = [[cell.strip() for cell in each.split("|")[1:-1]] for each in said.splitlines() if each.startswith("| ")]
    truths = {"there": "adopted", "doubtful": "asked", "new": "created"}
    named = dict(enumerate(rows[0]))
    for row in rows[1:]:
        cells = {named[at]: cell for at, cell in enumerate(row)}
        assert cells[truths[cells["truth"]]] == cells["orders"], row


def test_the_bench_of_the_record_of_ids_measures_take_overs_with_and_without_following(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each measurement has its number."""
    record.main(["300"])
    rows = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    assert len(rows) == 4
    assert rows["recorded documents"].strip() == "300"
    assert all(each.strip() for each in rows.values())


def test_the_bench_of_results_measures_posting_replay_and_rounds(capsys: pytest.CaptureFixture[str]) -> None:
    """A table, and a line of JSON for each number. Guard: a request that was not recorded fails."""
    results.main(
        [
            "--orders",
            "6",
            "--runs",
            "1",
            "--records",
            "12",
            "--documents",
            "1000",
            "--events",
            "30",
            "--backlog",
            "9",
            "--parked",
            "20",
            "--sold",
            "3",
        ]
    )
    said = capsys.readouterr().out.splitlines()
    rows = [orjson.loads(each) for each in said if each.startswith("{")]
    numbers = {(row["verb"], row["what"]): row["measured"] for row in rows}
    assert numbers["rounds", "sales of others that are planned again"] == 0
    assert numbers["limits", "answers 429"] == 0
    assert numbers["peers", "qbo-bridge: calls an order"] > 0
    assert numbers["peers", "python-quickbooks: metered reads an order"] > 0
    assert numbers["waiting", "CPU ms of an idle second with 20 parked"] > 0
    held = numbers["index", "memory of a document"]
    assert 0 < held < numbers["index", "memory of a document, its recorded Id included"]
    assert numbers["memory", "all that is held after 30 events, less the index"] > 0
    assert all(numbers["cpu", f"{verb} against orjson.loads"] > 0 for verb in ("posting", "replay"))


async def test_a_request_that_was_never_recorded_is_an_error() -> None:
    """Else a bench would measure something else than what it says."""
    played = Recorded().play(httpx.MockTransport(lambda _: httpx.Response(200)))
    async with httpx.AsyncClient(transport=played) as client:
        with pytest.raises(LookupError, match="never asked"):
            await client.get("https://quickbooks.example/query")


def test_the_bench_of_the_sandbox_counts_both_ways_of_writing(capsys: pytest.CaptureFixture[str]) -> None:
    """A sandbox in a process of its own, single writes and batches."""
    sandbox_bench.main(0.1)
    said = capsys.readouterr().out
    assert "invoices created per second" in said
    assert "in batches of 30" in said


def test_the_bench_of_the_answers_asks_each_question(capsys: pytest.CaptureFixture[str]) -> None:
    """As they are typed; the list has a line for each dead letter beside its head."""
    answers.main(["12", "4"])
    said = [line for line in capsys.readouterr().out.splitlines() if line.endswith(" lines")]
    rows = {line.split("  ", 1)[0]: line for line in said}
    assert len(rows) == len([each for each in answers.questions(12, "") if not each.needs_books])
    assert rows["dead-letters list"].endswith(" 5 lines")
    assert rows["results --last 50"].endswith(" 13 lines")
