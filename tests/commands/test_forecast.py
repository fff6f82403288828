"""One line per document, folded from what would be published about it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.commands.backfill.forecast import Forecast, Forecasts
from contracts.results import OperationName, PostedEntity, Reason, Result, ResultStatus, Source

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ORDER = "shopify:order:1"


def entity(name: str, operation: OperationName, total: str | None = None, ident: str = "7") -> PostedEntity:
    return PostedEntity(entity=name, operation=operation, id=ident, total=total, currency="USD" if total else None)


def result(
    status: ResultStatus,
    *entities: PostedEntity,
    code: str | None = None,
    number: int = 1,
    document: str | None = ORDER,
) -> Result:
    source = Source(
        system=None, event_type=None, event_id=None, document=document, topic="events", partition=0, offset=number
    )
    return Result(
        result_id=f"res-{number}",
        status=status,
        company="acme",
        realm_id="1",
        source=source,
        entities=entities,
        reason=Reason(code=code, message="because") if code else None,
        rules_version="r",
        occurred_at=None,
        received_at=NOW,
        posted_at=NOW,
    )


def folded(*results: Result) -> Forecast:
    forecasts = Forecasts()
    forecasts.add(results)
    (one,) = forecasts
    return one


POSTED, DEAD, WAITING = ResultStatus.POSTED, ResultStatus.DEAD_LETTERED, ResultStatus.WAITING
CUSTOMER = entity("Customer", "create", ident="3")
CREATED = entity("Invoice", "create", "10.00")
UPDATED = entity("Invoice", "sparse_update", "12.00")
HELD = entity("Invoice", "none", "12.00")


@pytest.mark.parametrize(
    ("results", "would", "total"),
    [
        pytest.param([result(POSTED, CUSTOMER, CREATED)], "create", "10.00", id="created"),
        pytest.param(
            [result(POSTED, CREATED), result(POSTED, UPDATED, number=2)], "create", "12.00", id="then updated"
        ),
        pytest.param([result(POSTED, UPDATED)], "update", "12.00", id="updated"),
        pytest.param([result(POSTED, entity("Invoice", "void", "0.00"))], "update", "0.00", id="voided"),
        pytest.param([result(ResultStatus.ALREADY_POSTED, HELD)], "skip", "12.00", id="held"),
        pytest.param([result(ResultStatus.IGNORED, code="test_event")], "skip", "", id="ignored"),
        pytest.param([result(WAITING, code="waiting")], "wait", "", id="waiting"),
        pytest.param(
            [result(WAITING, code="waiting"), result(POSTED, entity("Payment", "create", "5.00"))],
            "create",
            "5.00",
            id="waited, then posted",
        ),
        pytest.param([result(DEAD, CUSTOMER, code="unmappable")], "dead letter", "", id="refused after its customer"),
        pytest.param([result(POSTED, CREATED), result(DEAD, code="conflict", number=2)], "create", "10.00", id="both"),
        pytest.param([result(POSTED, CUSTOMER)], "create", "", id="a customer alone"),
        pytest.param(
            [result(POSTED, entity("Invoice", "adopt", "10.00"), entity("Payment", "create", "10.00"))],
            "adopt",
            "10.00",
            id="there already, and paid by us",
        ),
        pytest.param([result(DEAD, code="possible_duplicate")], "ask", "", id="may be there already"),
    ],
)
def test_what_would_become_of_a_document(results: list[Result], would: str, total: str) -> None:
    """The document's own entities decide, then what stopped it, then the lists."""
    forecast = folded(*results)
    assert (forecast.would, forecast.total[0]) == (would, total)


def test_it_says_why() -> None:
    """The reason of what is not done; what would be done; and that nothing is left to do."""
    assert folded(result(ResultStatus.IGNORED, code="test_event")).why == "test_event: because"
    assert folded(result(POSTED, CREATED), result(DEAD, code="conflict", number=2)).why == "conflict: because"
    assert folded(result(POSTED, CUSTOMER, CREATED)).why == "create Customer, create Invoice"
    assert folded(result(ResultStatus.ALREADY_POSTED, HELD)).why == "already in the books"


def test_a_record_without_a_document_stands_for_itself() -> None:
    """Poison has a line too."""
    forecasts = Forecasts()
    forecasts.add([result(DEAD, code="undecodable", number=4, document=None), result(POSTED, CREATED)])
    assert [each.document for each in forecasts] == ["events/0/4", ORDER]
    assert len(forecasts) == 2
