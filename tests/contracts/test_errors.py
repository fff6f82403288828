"""Errors say whose fault they are and carry the facts; records know where they stood."""

from __future__ import annotations

import pytest

from contracts import errors
from tests.support.orders import record


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UndecodableRecord("x"), "undecodable"),
        (errors.UnmappableEvent("x"), "unmappable"),
        (errors.UnbalancedDocument("x"), "unbalanced"),
        (errors.RejectedPosting("x"), "rejected"),
    ],
)
def test_trouble_of_the_record_has_a_code(error: errors.RecordError, code: str) -> None:
    """The reason code of its dead letter."""
    assert (error.code, str(error)) == (code, "x")


def test_refusal_and_outage_carry_their_facts() -> None:
    """What QBO said, and how long to wait."""
    refused = errors.RejectedPosting(
        "x", reason_code="period_closed", fault_code="6210", intuit_tid="t", step="invoice"
    )
    assert (refused.reason_code, refused.fault_code, refused.intuit_tid, refused.step) == (
        "period_closed",
        "6210",
        "t",
        "invoice",
    )
    away = errors.Unauthorised("x", retry_after_s=60)
    assert isinstance(away, errors.Unavailable)
    assert away.retry_after_s == 60


def test_record_knows_its_position() -> None:
    """The topic and partition that its offset counts in."""
    assert record(b"").position == ("shopify.events", 0)
