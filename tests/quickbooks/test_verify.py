"""An answer is believed when it is what was sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bridge.quickbooks.verify import markers, mismatch

MARKER = "[qbb:shopify:order:450789469 v=1732220000 h=9f2c1a7e]"
SENT: dict[str, Any] = {
    "DocNumber": "1001",
    "PrivateNote": f"Gift for a friend\n{MARKER}",
    "TotalAmt": Decimal("398.00"),
    "Line": [{"Amount": Decimal("398.00"), "LinkedTxn": [{"TxnId": "145", "TxnType": "Invoice"}]}],
}
ANSWERED: dict[str, Any] = {
    "Id": "256",
    "DocNumber": "1001",
    "PrivateNote": f"{MARKER}\nGift for a friend",
    "TotalAmt": 398,
    "Line": [{"Id": "1", "Amount": 398, "LinkedTxn": [{"TxnId": "145", "TxnType": "Invoice"}], "LineEx": {}}],
}


def test_the_same_content_is_the_same_however_it_is_written() -> None:
    """398.00 and 398 are one number; the note may be arranged otherwise; additions of QBO do not matter."""
    assert mismatch(SENT, ANSWERED) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"DocNumber": "1002"}, "DocNumber is 1002 and not 1001"),
        ({"PrivateNote": "[qbb:shopify:order:1]"}, f"PrivateNote does not hold the marker {MARKER}"),
        ({"PrivateNote": None}, f"PrivateNote does not hold the marker {MARKER}"),
        ({"TotalAmt": Decimal("397.99")}, "TotalAmt is 397.99 and not 398.00"),
        ({"TotalAmt": None}, "TotalAmt is None and not 398.00"),
        ({"Line": []}, "it is not linked to Invoice 145 with 398.00"),
        (
            {"Line": [{"Amount": 398, "LinkedTxn": [{"TxnId": "146", "TxnType": "Invoice"}]}]},
            "it is not linked to Invoice 145 with 398.00",
        ),
        (
            {"Line": [{"Amount": 100, "LinkedTxn": [{"TxnId": "145", "TxnType": "Invoice"}]}]},
            "it is not linked to Invoice 145 with 398.00",
        ),
    ],
    ids=["number", "marker", "no note", "total", "no total", "no link", "other link", "part of the link"],
)
def test_what_differs_is_named(change: dict[str, Any], says: str) -> None:
    """Marker, number, total, and every link with its amount: 200 does not mean linked."""
    assert mismatch(SENT, {**ANSWERED, **change}) == says


def test_two_equal_links_are_two() -> None:
    """A link that comes back once was dropped once."""
    line = {"Amount": Decimal(5), "LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}
    assert mismatch({"Line": [line, line]}, {"Line": [line]}) is not None
    assert mismatch({"Line": [line, line]}, {"Line": [line, line]}) is None


def test_a_customers_marker_is_in_its_notes() -> None:
    """Customers carry theirs in Notes."""
    sent = {"DisplayName": "Ann", "Notes": "[qbb:shopify:customer:1]"}
    assert mismatch(sent, {"Notes": "[qbb:shopify:customer:1]"}) is None
    said = mismatch(sent, {"DisplayName": "Ann"})
    assert said is not None
    assert "Ann" not in said


def test_an_update_answers_for_its_own_entity() -> None:
    """The Id of an update comes back."""
    assert mismatch({"Id": "7", "SyncToken": "1"}, {"Id": "8"}) == "Id is 8 and not 7"


def test_only_what_was_sent_is_compared() -> None:
    """A void sends no note and no total, and QBO changes both."""
    assert mismatch({"Id": "7", "SyncToken": "1"}, {"Id": "7", "PrivateNote": "Voided", "TotalAmt": 0}) is None


def test_markers_are_found_wherever_they_stand() -> None:
    """People write around them."""
    assert markers(f"Voided {MARKER} and [another note]") == {MARKER}
    assert markers(None) == frozenset()
