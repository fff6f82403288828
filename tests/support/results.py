"""Results as a test reads and makes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from contracts.results import PostedEntity, Reason, Result, ResultStatus, Source


def message_of(result: Result) -> str:
    """The message of a result's reason."""
    assert result.reason is not None
    return result.reason.message


NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def result_of(
    number: int, status: ResultStatus = ResultStatus.POSTED, code: str | None = None, company: str = "acme-us"
) -> Result:
    document = f"shopify:order:{number}"
    return Result(
        result_id=f"res-{number}",
        status=status,
        company=company,
        realm_id="91",
        source=Source(
            system="shopify",
            event_type="orders/paid",
            event_id=None,
            document=document,
            topic="shopify.events",
            partition=0,
            offset=number,
        ),
        entities=(PostedEntity(entity="Invoice", operation="create", id=str(number), total="9.50", currency="USD"),),
        reason=Reason(code=code, message="because") if code else None,
        rules_version="r",
        occurred_at=None,
        received_at=NOW,
        posted_at=NOW + timedelta(seconds=number),
    )
