"""What is read quickly is what reading in full says, and what is no result is none."""

from __future__ import annotations

import orjson
import pytest

from bridge.commands.contents import content_of
from bridge.commands.glance import glance_at
from contracts.records import OutboundRecord
from contracts.results import ResultStatus, result_record
from tests.support.desk import consumed
from tests.support.results import result_of


@pytest.mark.parametrize("status", list(ResultStatus))
@pytest.mark.parametrize("code", [None, "unbalanced"])
def test_a_glance_says_what_the_result_says(status: ResultStatus, code: str | None) -> None:
    """Each field of it."""
    said = result_of(7, status, code)
    found = glance_at(consumed(result_record(said, "qbo.results")))
    assert found is not None
    assert (found.company, found.status, found.document) == ("acme-us", status, "shopify:order:7")
    assert (found.place, found.code) == (said.source.place, code or "")
    assert [each["id"] for each in found.entities] == ["7"]


@pytest.mark.parametrize(
    "value",
    [None, b"x", b"[]", b"{}", b'{"schema": "qbo-bridge.result.v2"}', b'{"schema": "qbo-bridge.result.v1"}'],
)
def test_what_is_no_result_is_passed_over(value: bytes | None) -> None:
    """The topic may be shared."""
    assert glance_at(consumed(OutboundRecord(topic="r", key=None, value=value))) is None


def test_a_status_of_a_later_release_is_no_result_of_this_one() -> None:
    """Guard: `STATUSES` in `glance_at`."""
    said = orjson.loads(result_record(result_of(1), "r").value or b"") | {"status": "parked"}
    assert glance_at(consumed(OutboundRecord(topic="r", key=None, value=orjson.dumps(said)))) is None


@pytest.mark.parametrize(
    ("written", "shown"),
    [(b'"42.9"', "42.90"), (b"42.9", "42.90"), (b"9007199254740993.01", "9007199254740993.01"), (b"1E+2", "100.00")],
)
def test_an_amount_is_shown_exactly_however_it_is_written(written: bytes, shown: str) -> None:
    """As text or as a number, of any size. Guard: the slower way in `content_of`."""
    found = content_of(
        consumed(
            OutboundRecord(
                topic="shopify.events",
                key=None,
                value=b'{"id": 9007199254740993, "currency": "USD", "total_price": %b}' % written,
                headers=(("X-Shopify-Topic", b"orders/paid"),),
            )
        )
    )
    assert (str(found.document), found.amount_text) == ("shopify:order:9007199254740993", shown)
