"""A plan that is kept says of which range, books and rules it is, and whether somebody has changed it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.commands.backfill.plan_file import plan_header, read_plan, write_plan
from bridge.commands.backfill.planned_documents import PlannedDocument
from bridge.kafka.range import TimeSpan
from contracts.errors import BridgeError

BOUNDS = {"shopify.events": {0: (3, 20), 1: (0, 0)}}
LINE = PlannedDocument(
    document="shopify:order:1",
    would="update",
    entities=("invoice/145",),
    total="12.00",
    currency="USD",
    why="sparse_update Invoice",
    digest="0123456789abcdef",
    sync_tokens={"invoice/145": "3"},
)


def _kept(tmp_path: Path, *lines: PlannedDocument) -> Path:
    header = plan_header(
        company="acme-us",
        realm_id="91",
        span=TimeSpan(1_762_000_000_123, None),
        bounds=BOUNDS,
        rules_version="r1",
        documents=len(lines),
    )
    path = tmp_path / "plan.jsonl"
    write_plan(path, header, lines)
    return path


def test_the_first_line_says_range_end_offsets_and_rules(tmp_path: Path) -> None:
    """And each line after it one document, with what would be written and what that rests on."""
    first, line = map(json.loads, _kept(tmp_path, LINE).read_text().splitlines())
    assert first["range"] == {"from": "2025-11-01T12:26:40.123000Z", "to": None}
    assert first["end_offsets"] == {"shopify.events": {"0": 20, "1": 0}}
    assert (first["rules_version"], first["company"], first["realm_id"]) == ("r1", "acme-us", "91")
    assert line == {
        "document": "shopify:order:1",
        "would": "update",
        "entities": ["invoice/145"],
        "total": "12.00",
        "currency": "USD",
        "why": "sparse_update Invoice",
        "digest": "0123456789abcdef",
        "sync_tokens": {"invoice/145": "3"},
    }


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    """Its range to the millisecond and to the offset, and every line."""
    plan = read_plan(_kept(tmp_path, LINE))
    assert plan.header.span == TimeSpan(1_762_000_000_123, None)
    assert plan.header.bounds == BOUNDS
    assert plan.lines == {"shopify:order:1": LINE}


@pytest.mark.parametrize(
    ("what", "instead"),
    [("12.00", "13.00"), ('"r1"', '"r2"'), ('"91"', '"92"'), ('"0":20', '"0":21'), ("}\n", "}\n\n")],
)
def test_a_plan_that_was_edited_is_refused(tmp_path: Path, what: str, instead: str) -> None:
    """A line, the range, the rules or the company, and a line that was taken out. Guard: `digest` of the first line."""
    path = _kept(tmp_path, LINE, LINE)
    path.write_text(path.read_text().replace(what, instead, 1))
    with pytest.raises(BridgeError, match="was changed since it was written"):
        read_plan(path)
    path.write_text("".join(_kept(tmp_path, LINE, LINE).read_text().splitlines(keepends=True)[:2]))
    with pytest.raises(BridgeError, match="was changed since it was written"):
        read_plan(path)


@pytest.mark.parametrize("text", ["", "{}\n", "hello\n", '{"document": "shopify:order:1"}\n', "\x00\xff"])
def test_what_is_no_plan_is_one_sentence(tmp_path: Path, text: str) -> None:
    """Such as the lines of `--out`, or an empty file."""
    path = tmp_path / "plan.jsonl"
    path.write_text(text)
    with pytest.raises(BridgeError, match="is no plan"):
        read_plan(path)
