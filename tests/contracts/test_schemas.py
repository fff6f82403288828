"""The published schemas are those of the code, and what the bridge publishes fits them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import orjson
import pytest

import contracts.schemas
from contracts.bodies import read_body
from contracts.dead_letters import dead_letter_record
from contracts.records import InboundRecord
from contracts.results import PostedEntity, Reason, Result, ResultStatus, Source, read_result, result_record
from contracts.schemas import generated
from contracts.schemas.shopify_payout import SHOPIFY_PAYOUT
from contracts.shopify_payouts import ShopPayout

FOLDER = Path(contracts.schemas.__file__).parent
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
UNTOLD = {ResultStatus.POSTED, ResultStatus.ALREADY_POSTED}


def result_of(status: ResultStatus) -> Result:
    return Result(
        result_id="res-1",
        status=status,
        company="acme-us",
        realm_id="91",
        source=Source(
            system=None, event_type=None, event_id=None, document=None, topic="shopify.events", partition=0, offset=12
        ),
        entities=(PostedEntity(entity="Invoice", operation="create", id="145", total="398.00", currency="USD"),),
        reason=None if status in UNTOLD else Reason(code="test_event", message="a test"),
        rules_version="r",
        occurred_at=None,
        received_at=NOW,
        posted_at=NOW,
    )


def schema_of(name: str) -> dict[str, object]:
    schema: dict[str, object] = orjson.loads((FOLDER / name).read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def test_the_files_are_what_the_models_say() -> None:
    """A change of the contract is a visible diff: run `make schemas` and read it."""
    assert {path.name: path.read_bytes() for path in FOLDER.glob("*.schema.json")} == generated()


@pytest.mark.parametrize("status", list(ResultStatus))
def test_each_result_fits_its_schema(status: ResultStatus) -> None:
    """Whatever became of a record, and it reads back as it was written."""
    record = result_record(result_of(status), "qbo.results")
    jsonschema.validate(orjson.loads(record.value or b""), schema_of("result.v1.schema.json"))
    assert read_result(record.value or b"") == result_of(status)


def test_a_result_without_its_status_does_not_fit() -> None:
    """The schema demands what the interface promises."""
    document = orjson.loads(result_record(result_of(ResultStatus.POSTED), "qbo.results").value or b"")
    del document["status"]
    with pytest.raises(jsonschema.ValidationError, match="'status' is a required property"):
        jsonschema.validate(document, schema_of("result.v1.schema.json"))


def test_a_field_of_a_later_version_is_no_error() -> None:
    """Readers that validate must not break when a field is added."""
    document = orjson.loads(result_record(result_of(ResultStatus.POSTED), "qbo.results").value or b"")
    jsonschema.validate(document | {"later": 1}, schema_of("result.v1.schema.json"))


def test_the_headers_of_a_dead_letter_fit_their_schema() -> None:
    """With QBO's fault code and tid, and without them; an original header stays beside ours."""
    record = InboundRecord(
        topic="t", partition=0, offset=1, key=None, value=b"x", headers=(("X-Own", b"1"),), timestamp_ms=0
    )
    facts = {
        "reason-code": "rejected",
        "reason": "QBO refuses it",
        "company": "acme-us",
        "topic": "t",
        "partition": "0",
        "offset": "1",
        "attempts": "2",
        "failed-at": NOW.isoformat(),
    }
    for more in ({}, {"fault-code": "6070", "intuit-tid": "1-abc"}):
        letter = dead_letter_record(record, "qbo.dead-letters", facts | more)
        headers = {name: (value or b"").decode() for name, value in letter.headers}
        jsonschema.validate(headers, schema_of("dead-letter-headers.v1.schema.json"))
        assert headers["X-Own"] == "1"


def test_the_example_of_a_payout_is_one_and_adds_up() -> None:
    """What the schema for producers shows is read as it is meant."""
    (example,) = orjson.loads(orjson.dumps(SHOPIFY_PAYOUT["examples"]))
    jsonschema.validate(example, SHOPIFY_PAYOUT)
    payout = read_body(ShopPayout, example, "payout")
    assert payout.balance_transactions is not None
    assert sum(row.net for row in payout.balance_transactions) == payout.amount
