"""Change data capture, trap by trap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from bridge.quickbooks.changes import ChangeData, cdc_params, next_since, parse_changes
from tests.support.quickbooks import Script, json_reply, opened

SINCE = datetime(2026, 11, 20, 8, tzinfo=timezone(timedelta(hours=-8)))
PACIFIC = timezone(timedelta(hours=-8))


def answer(*parts: dict[str, Any], time: object = "2026-11-22T04:00:00.500-08:00") -> dict[str, Any]:
    return {"CDCResponse": [{"QueryResponse": list(parts)}], "time": time}


def deleted(ident: str) -> dict[str, Any]:
    return {
        "domain": "QBO",
        "status": "Deleted",
        "Id": ident,
        "MetaData": {"LastUpdatedTime": "2015-12-23T12:55:50-08:00"},
    }


async def test_the_question_names_its_entities_and_an_offset() -> None:
    """A time without an offset would be read in the company's zone; the plus sign survives the URL."""
    script = Script(json_reply(answer({}, {})))
    async with opened(script) as client:
        changes = await client.cdc(["Invoice", "Payment"], SINCE.astimezone(UTC))
    assert script.params[0] == {
        "entities": "Invoice,Payment",
        "changedSince": "2026-11-20T16:00:00+00:00",
        "minorversion": "75",
    }
    assert b"%2B00" in script.requests[0].url.query
    assert changes.changed == {"Invoice": (), "Payment": ()}


def test_changes_and_deletions_come_apart() -> None:
    """A deleted object has a status and hardly anything else."""
    found = parse_changes(
        answer({"Invoice": [{"Id": "1", "SyncToken": "3"}, deleted("979")], "startPosition": 1}, {}),
        ["Invoice", "Payment"],
    )
    assert found == ChangeData(
        changed={"Invoice": ({"Id": "1", "SyncToken": "3"},), "Payment": ()},
        deleted={"Invoice": frozenset({"979"}), "Payment": frozenset()},
        as_of=datetime(2026, 11, 22, 4, 0, 0, 500_000, tzinfo=PACIFIC),
        complete=True,
        deleted_at={("Invoice", "979"): "2015-12-23T12:55:50-08:00"},
    )


def test_an_object_counts_once_in_its_newest_version() -> None:
    """Windows overlap and SyncTokens are numbers in text: 10 comes after 9."""
    versions = [{"Id": "1", "SyncToken": token} for token in ("9", "10", "2")]
    found = parse_changes(answer({"Invoice": versions}), ["Invoice"])
    assert found.changed["Invoice"] == ({"Id": "1", "SyncToken": "10"},)


def test_deleted_beats_changed() -> None:
    """What is deleted does not live on in an older row of the same answer."""
    found = parse_changes(answer({"Invoice": [{"Id": "1", "SyncToken": "3"}, deleted("1")]}), ["Invoice"])
    assert found.changed["Invoice"] == ()
    assert found.deleted["Invoice"] == {"1"}


@pytest.mark.parametrize(("objects", "complete"), [(999, True), (1000, False)])
def test_a_thousand_objects_are_not_all(objects: int, complete: bool) -> None:  # noqa: FBT001 - a table
    """The limit counts over all entities of the answer, deleted ones too."""
    invoices = [{"Id": str(ident)} for ident in range(objects - 1)]
    found = parse_changes(answer({"Invoice": invoices}, {"Payment": [deleted("1")]}), ["Invoice", "Payment"])
    assert found.complete is complete


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"CDCResponse": None},
        {"CDCResponse": ["?", {"QueryResponse": "?"}]},
        answer({"Invoice": "?"}),
        answer({"Invoice": ["?"]}),
    ],
)
def test_an_odd_answer_has_no_changes(body: dict[str, Any]) -> None:
    """What is not a list of objects is not taken for one."""
    assert parse_changes(body, ["Invoice"]).changed == {"Invoice": ()}


def test_the_next_window_begins_before_the_end_of_this_one() -> None:
    """By QBO's clock, overlapping; without its time the same window again."""
    asked = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
    later = parse_changes(answer(), ["Invoice"])
    assert next_since(later, asked) == datetime(2026, 11, 22, 11, 55, 0, 500_000, tzinfo=UTC)
    for time in (None, "soon", "2026-11-22T04:00:00"):
        assert next_since(parse_changes(answer(time=time), ["Invoice"]), asked) == asked
    early = datetime(2026, 11, 22, 11, 59, tzinfo=UTC)
    assert next_since(later, early) == early


@pytest.mark.parametrize("entities", [[], ["TaxCode"], ["Invoice", "TaxRate"]])
def test_what_it_does_not_cover_is_refused(entities: list[str]) -> None:
    """A list that silently never changes would be worse than none."""
    with pytest.raises(ValueError, match="does not cover"):
        cdc_params(entities, SINCE)


def test_a_naive_time_is_refused() -> None:
    """It means another instant to QBO than to us."""
    with pytest.raises(ValueError, match="offset"):
        cdc_params(["Invoice"], datetime(2026, 11, 20))  # noqa: DTZ001 - the point of the test
