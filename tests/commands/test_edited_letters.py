"""A dead letter that is edited is sent once more as the same event, and whoever waits is told what became of it."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.kafka.reader import publish
from contracts.results import Result, ResultStatus, Source, result_record
from tests.support.desk import Desk
from tests.support.results import result_of

BODY = b'{"id": 820982911946154508, "total_price": "1.10"}'


@pytest.fixture
def mended(tmp_path: Path) -> Path:
    path = tmp_path / "mended.json"
    path.write_text('{"id": 820982911946154508, "total_price": "1.20"}\n')
    return path


def test_an_edited_copy_is_sent_under_the_names_of_the_original(desk: Desk, mended: Path) -> None:
    """Key, partition and headers stay; the dead letter keeps its own bytes. Guard: `bodies` in `_edited`."""
    desk.put(replace(desk.letter(1), value=BODY))
    code, out, err = desk.call("dead-letters", "edit", "0/0", "--body", str(mended))
    assert (code, err) == (0, "")
    assert "Redriven: 1 of 1." in out
    (sent,) = [record for record in desk.again() if record.value != b"event 999"]
    assert (json.loads(sent.value or b"")["total_price"], sent.key, sent.partition) == ("1.20", b"key", 1)
    assert dict(sent.headers)["X-Shopify-Topic"] == b"orders/paid"
    assert json.loads(desk.call("dead-letters", "show", "0/0", "--json")[1])["value"] == BODY.decode()


def test_an_editor_gets_the_body_as_it_is_written(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Numbers keep their digits."""
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import sys\np = sys.argv[1]\nt = open(p).read().replace('1.10', '1.30')\nopen(p, 'w').write(t)\n"
    )
    monkeypatch.setenv("EDITOR", f"{sys.executable} {editor}")
    monkeypatch.delenv("VISUAL", raising=False)
    desk.put(replace(desk.letter(1), value=BODY))
    assert desk.call("dead-letters", "edit", "0/0")[0] == 0
    (sent,) = [record for record in desk.again() if record.value != b"event 999"]
    assert json.loads(sent.value or b"") == {"id": 820982911946154508, "total_price": "1.30"}


@pytest.mark.parametrize(
    ("body", "said"),
    [(BODY.decode(), "Nothing was changed"), ('{"id": 1', "is not JSON")],
)
def test_nothing_is_sent_of_what_is_unchanged_or_broken(desk: Desk, tmp_path: Path, body: str, said: str) -> None:
    """A slip in an editor books nothing. Guards: both refusals of `edit_letter`."""
    (tmp_path / "b.json").write_text(body)
    desk.put(replace(desk.letter(1), value=BODY))
    code, _, err = desk.call("dead-letters", "edit", "0/0", "--body", "b.json")
    assert (code, said in err) == (1, True)
    assert desk.offsets() == [999]


@contextmanager
def answered(desk: Desk, status: ResultStatus, code: str | None) -> Iterator[None]:
    """A service that tells a result of each event that comes while the block runs."""
    ending = threading.Event()

    def serve() -> None:
        told: set[tuple[str, int, int]] = set()
        while not ending.is_set():
            for each in desk.again():
                place = (each.topic, each.partition, each.offset)
                if each.value != b"event 999" and place not in told:
                    told.add(place)
                    record = result_record(_about(result_of(7, status, code), *place), f"results-{desk.name}")
                    asyncio.run(publish(desk.connection, [record]))
            time.sleep(0.1)

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        yield
    finally:
        ending.set()
        serving.join()


def _about(result: Result, topic: str, partition: int, offset: int) -> Result:
    source: Source = result.source.model_copy(update={"topic": topic, "partition": partition, "offset": offset})
    return result.model_copy(update={"source": source})


@pytest.mark.parametrize(
    ("status", "reason", "ended"),
    [(ResultStatus.POSTED, None, 0), (ResultStatus.DEAD_LETTERED, "unbalanced", 1)],
)
def test_whoever_waits_is_told_what_became_of_it(
    desk: Desk, status: ResultStatus, reason: str | None, ended: int
) -> None:
    """Exit 0 only where nothing is left to a person. Guard: `is_settled`."""
    desk.put(desk.letter(1))
    with answered(desk, status, reason):
        code, out, _ = desk.redrive("0/0", "--wait", "--timeout", "30", "--json")
    said = json.loads(out)
    assert (code, said["letter"], said["status"], said["reason_code"]) == (ended, "0/0", status.value, reason)


def test_what_has_no_result_in_time_is_said(desk: Desk) -> None:
    """Never taken for a success."""
    desk.put(desk.letter(1))
    code, out, _ = desk.redrive("0/0", "--wait", "--timeout", "1")
    assert code == 1
    assert "no result within 1 s" in out


def test_a_dismissal_is_told_as_json(desk: Desk) -> None:
    """Which letters, and the note."""
    desk.put(desk.letter(1))
    out = desk.call("dead-letters", "dismiss", "0/0", "--note", "by hand", "--json")[1]
    assert json.loads(out) == {"dismissed": ["0/0"], "note": "by hand"}
    plan = desk.redrive("--all", "--dry-run", "--json")[1]
    assert [(each["letter"], each["would"]) for each in map(json.loads, plan.splitlines())] == [("0/0", "redrive")]
