"""What is noted of money that payouts brought in another currency."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from bridge.index.index import Index
from bridge.index.paid_out import NotedPayouts, name_of, paid_out
from bridge.index.worth import Taken
from contracts.keys import SourceKey
from contracts.posting import Version
from tests.support.seals import SEAL

CHARGE = SourceKey("stripe", "charge", "ch_1")
PAYOUT, OTHER = SourceKey("stripe", "payout", "po_1"), SourceKey("stripe", "payout", "po_2")
D = Decimal


def noted(document: SourceKey, version: Version) -> NotedPayouts | None:
    """What an index knows of it that was told this version."""
    index = Index(SEAL, complete_since=datetime(2010, 1, 1, tzinfo=UTC))
    index.note_version(name_of(document), version)
    return paid_out(index, name_of(document))


def test_what_is_noted_is_read_again() -> None:
    """What two payouts took, and what an entry has moved since."""
    said = NotedPayouts(currency="USD", account="35").taken_by(PAYOUT, Taken(D("2.19"), D("2.02")))
    said = said.taken_by(OTHER, Taken(D("-0.50"), D("-0.4608"))).moved(D("0.01"))
    assert noted(CHARGE, said.version()) == said
    assert (said.taken, said.entries, said.is_taken_back) == (Taken(D("1.70"), D("1.5592")), 1, True)
    assert said.without(OTHER).taken == Taken(D("2.20"), D("2.02"))


def test_what_is_noted_later_counts() -> None:
    """A payout that comes again changes nothing of what it took."""
    first = NotedPayouts(currency="USD").taken_by(PAYOUT, Taken(D("2.19"), D("2.02")))
    again = first.taken_by(PAYOUT, Taken(D("2.20"), D("2.02")))
    assert first.version() < again.version()
    assert again.taken.worth == D("2.20")


def test_what_no_payout_has_taken_is_not_noted() -> None:
    """A version of the same document is none."""
    assert noted(CHARGE, Version(1, 0, "once")) is None
