"""The row of dead letters that stops a company: what counts, what ends it, and how much is taken while in doubt."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.company.breaker import UNCOUNTED, Breaker, EndedRecord
from bridge.decoding.decision import MappedRecord
from bridge.journal.stop import Stop
from contracts.errors import RejectedPosting, UnbalancedDocument, UndecodableRecord, UnmappableEvent
from contracts.posting import Ignored
from contracts.results import ResultStatus
from tests.support.orders import envelope, record
from tests.support.plans import BORN, order_plan

POSTED, IGNORED = EndedRecord(ResultStatus.POSTED, None), EndedRecord(ResultStatus.IGNORED, "x")
WAITING = EndedRecord(ResultStatus.WAITING, "waiting")
UNMAPPABLE = EndedRecord(ResultStatus.DEAD_LETTERED, "unmappable")
UNBALANCED = EndedRecord(ResultStatus.DEAD_LETTERED, "unbalanced")
UNDECODABLE = EndedRecord(ResultStatus.DEAD_LETTERED, "undecodable")


def judged(verdict: object) -> MappedRecord:
    return MappedRecord(record=record(b""), envelope=None, decision=verdict)  # type: ignore[arg-type]


PLAN, NOTHING = judged(order_plan()), judged(Ignored(code="x", message="y"))
NO_RULE, NO_TEXT = judged(UnmappableEvent("x")), judged(UndecodableRecord("x"))


def allowed(breaker: Breaker, mapped: list[MappedRecord]) -> int:
    """How many of the records may be settled at once."""
    return len(list(breaker.allowed_prefix(mapped)))


def stopped_by(*told: EndedRecord, limit: int = 3) -> Stop | None:
    breaker = Breaker(limit, "one")
    breaker.count(told, BORN)
    return breaker.stop


@pytest.mark.parametrize(
    ("told", "stops"),
    [
        pytest.param([UNMAPPABLE] * 2, False, id="one too few"),
        pytest.param([UNMAPPABLE] * 3, True, id="at the limit"),
        pytest.param([UNMAPPABLE] * 2 + [POSTED] + [UNMAPPABLE] * 2, False, id="something was booked between"),
        pytest.param([UNMAPPABLE] * 2 + [UNBALANCED] * 2, False, id="another reason begins another row"),
        pytest.param([UNMAPPABLE, IGNORED, UNMAPPABLE, WAITING, UNMAPPABLE], True, id="what says nothing ends no row"),
        pytest.param([UNMAPPABLE, UNDECODABLE, UNMAPPABLE, UNDECODABLE, UNMAPPABLE], True, id="nor what is unreadable"),
        *[
            pytest.param([EndedRecord(ResultStatus.DEAD_LETTERED, code)] * 9, False, id=f"{code} is not counted")
            for code in sorted(UNCOUNTED)
        ],
        pytest.param([UNMAPPABLE] * 3 + [POSTED], True, id="what came after it in the same micro-batch"),
    ],
)
def test_a_row_of_one_reason_stops(told: list[EndedRecord], *, stops: bool) -> None:
    """Whatever stands between that proves nothing. Guards: `ENDS_A_ROW`, and the code in `Breaker.count`."""
    assert (stopped_by(*told) is not None) is stops


def test_a_row_goes_on_through_micro_batches() -> None:
    """One record at a time is how most of them come."""
    breaker = Breaker(3, "one")
    rows = []
    for _ in range(3):
        breaker.count([UNMAPPABLE], BORN)
        rows.append(breaker.row)
    assert rows == [1, 2, 3]
    assert breaker.stop == Stop(code="unmappable", dead_letters=3, at=BORN.isoformat(), process="one")


def test_a_limit_of_nothing_never_stops() -> None:
    """Switched off, everything is taken."""
    breaker = Breaker(0, "one")
    breaker.count([UNMAPPABLE] * 500, BORN)
    assert breaker.stop is None
    assert allowed(breaker, [NO_RULE] * 500) == 500


def test_in_doubt_no_more_is_taken_than_is_missing_to_the_limit() -> None:
    """After a start, and once a row has begun; what says nothing costs nothing. Guard: `in_doubt`."""
    breaker = Breaker(3, "one")
    assert allowed(breaker, [PLAN, NOTHING, NO_TEXT, PLAN, PLAN, PLAN]) == 5
    breaker.count([POSTED], BORN)
    assert allowed(breaker, [PLAN] * 9) == 9
    breaker.count([POSTED, UNBALANCED], BORN)
    assert allowed(breaker, [PLAN] * 9) == 2


def test_what_lies_behind_the_limit_is_not_even_mapped() -> None:
    """A new owner is in doubt, and has to serve soon. Guard: `allowed_prefix` is lazy."""
    coming = iter([PLAN] * 500)
    assert len(list(Breaker(50, "one").allowed_prefix(coming))) == 50
    assert len(list(coming)) == 450


def test_without_doubt_refusals_that_are_known_before_anything_is_sent_end_the_portion() -> None:
    """What lies behind them is not begun. Guard: `_refusal` in `Breaker.allowed_prefix`."""
    breaker = Breaker(3, "one")
    breaker.count([POSTED], BORN)
    assert allowed(breaker, [PLAN, NO_RULE, NOTHING, NO_RULE, NO_RULE, PLAN]) == 5
    assert allowed(breaker, [NO_RULE, NO_RULE, PLAN, NO_RULE]) == 4
    assert allowed(breaker, [NO_RULE, judged(UnbalancedDocument("x")), NO_RULE, PLAN]) == 4
    narrow = judged(RejectedPosting("x", reason_code="conflict"))
    assert allowed(breaker, [narrow, narrow, judged(RejectedPosting("x")), PLAN]) == 4


OUTCOMES: dict[int, list[EndedRecord]] = {
    id(PLAN): [POSTED, UNMAPPABLE, UNBALANCED],
    id(NO_RULE): [UNMAPPABLE],
    id(NOTHING): [IGNORED],
}


@given(data=st.data())
def test_in_doubt_no_row_grows_past_the_limit(data: st.DataObject) -> None:
    """Whatever QBO says to what is taken: the row ends at the limit exactly. Guard: the portion while in doubt."""
    breaker = Breaker(4, "one")
    while breaker.stop is None and data.draw(st.booleans()):
        batch = data.draw(st.lists(st.sampled_from([PLAN, NO_RULE, NOTHING]), min_size=1, max_size=12))
        taken = list(breaker.allowed_prefix(batch))
        assert taken
        doubted = breaker.row > 0
        breaker.count([data.draw(st.sampled_from(OUTCOMES[id(each)])) for each in taken], BORN)
        assert not doubted or breaker.row <= 4


def test_a_stop_is_kept_by_the_process_that_made_it_and_ended_by_any_other() -> None:
    """The same process that is owner again stays stopped; a restart goes on. Guard: `Breaker.taken_over`."""
    note = stopped_by(*[UNMAPPABLE] * 3)
    assert note is not None
    one, other = Breaker(3, "one"), Breaker(3, "other")
    for breaker in (one, other):
        breaker.count([UNMAPPABLE] * 2, BORN)
        breaker.taken_over(note.to_bytes())
    assert (one.stop, other.stop, other.row) == (note, None, 0)
    one.taken_over(None)
    assert one.stop is None


# The share of one kind of document -----------------------------------------------------------------------------------

PAYMENT = "shopify:transaction"
PAID, LOST = POSTED._replace(kind=PAYMENT), UNBALANCED._replace(kind=PAYMENT)
SOLD, REFUSED = POSTED._replace(kind="shopify:order"), UNMAPPABLE._replace(kind="shopify:order")


@pytest.mark.parametrize(
    ("told", "stops"),
    [
        pytest.param([SOLD, LOST] * 3, True, id="every payment fails, every invoice between is booked"),
        pytest.param([SOLD, LOST] * 2, False, id="one too few"),
        pytest.param([LOST, PAID] * 3, True, id="every second one"),
        pytest.param([LOST, PAID, PAID] * 9, False, id="every third one"),
        pytest.param([LOST, PAID] * 2 + [PAID] * 6 + [LOST, PAID] * 2, False, id="what is long past is forgotten"),
        pytest.param([LOST, SOLD, REFUSED, SOLD] * 2, False, id="each kind by itself"),
        pytest.param([SOLD, LOST, LOST._replace(code="unmappable")] * 2, True, id="of whatever reason"),
        *[
            pytest.param([SOLD, LOST._replace(code=code)] * 9, False, id=f"{code} does not count")
            for code in sorted(UNCOUNTED)
        ],
        pytest.param([SOLD, WAITING._replace(kind=PAYMENT), LOST] * 3, True, id="what waits says nothing"),
    ],
)
def test_a_share_of_one_kind_stops(told: list[EndedRecord], *, stops: bool) -> None:
    """As many as the limit among the last twice as many. Guards: `Shares`, `UNCOUNTED`."""
    assert (stopped_by(*told) is not None) is stops


def test_a_stop_by_share_says_of_what_and_is_kept() -> None:
    """Whoever reads the journal or the board knows where to look. Guard: `kind` and `among` of `Stop`."""
    stop = stopped_by(SOLD, LOST, SOLD, PAID, LOST, SOLD, LOST._replace(code="conflict"))
    assert stop is not None
    said = (
        "stopped after 3 dead letters among the last 4 records of the kind shopify:transaction, most of them with the"
    )
    assert str(stop) == f"{said} reason unbalanced"
    assert Stop.from_bytes(stop.to_bytes()) == stop


def test_a_share_begins_anew_when_somebody_lets_the_company_go_on() -> None:
    """Else the next dead letter would stop it at once. Guard: `clear` in `Breaker.reset`."""
    breaker = Breaker(3, "one")
    breaker.count([SOLD, LOST] * 3, BORN)
    breaker.reset()
    breaker.count([SOLD, LOST, SOLD, LOST], BORN)
    assert breaker.stop is None


def test_while_the_last_of_a_kind_was_refused_no_more_of_it_is_taken_than_is_missing() -> None:
    """So the share ends at the limit exactly, and other kinds are not held back. Guard: `in_doubt` of `Shares`."""
    breaker = Breaker(3, "one")
    kind = "shopify:order"
    breaker.count([POSTED, UNBALANCED._replace(kind=kind), POSTED], BORN)
    assert allowed(breaker, [PLAN] * 9) == 2
    breaker.count([POSTED._replace(kind=kind)], BORN)
    assert allowed(breaker, [PLAN] * 9) == 9


def test_refusals_of_one_kind_that_are_known_before_anything_is_sent_end_the_portion() -> None:
    """Whatever else is booked between them. Guard: `refused` in `Breaker.allowed_prefix`."""
    breaker = Breaker(3, "one")
    breaker.count([POSTED], BORN)
    sold = envelope({"id": 1, "line_items": []}, {"X-Shopify-Topic": b"orders/paid"})
    one, other = replace(NO_RULE, envelope=sold), replace(judged(UnbalancedDocument("x")), envelope=sold)
    assert allowed(breaker, [PLAN, one, PLAN, other, PLAN, one, PLAN, PLAN]) == 6
    assert allowed(breaker, [PLAN, NO_RULE, PLAN, judged(UnbalancedDocument("x")), PLAN, NO_RULE, PLAN]) == 7
