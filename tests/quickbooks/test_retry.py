"""When to send again, when to wait, and when to stop: decided without any I/O."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.quickbooks.fault_codes import Action
from bridge.quickbooks.faults import Disposition
from bridge.quickbooks.retry_policy import CallState, Next, RetryPolicy, backoff_s, next_after

POLICY = RetryPolicy()
RETURNED = [
    Action.STALE,
    Action.DUPLICATE_NAME,
    Action.DUPLICATE_NUMBER,
    Action.DUPLICATE_REQUEST,
    Action.REFERENCE_MISSING,
    Action.PERIOD_CLOSED,
    Action.REJECT,
]


def after(action: Action | None, *, now: float = 0.0, suspect: bool = False, **tally: int) -> Next:
    disposition = Disposition(action=action, suspect=suspect) if action else None
    return next_after(disposition, CallState(began_at=0.0, **{"attempts": 1, **tally}), POLICY, now)


@pytest.mark.parametrize("action", [None, *RETURNED])
def test_what_is_known_is_returned(action: Action | None) -> None:
    """A certain refusal is an answer: it is never sent again under the same id."""
    assert after(action) is Next.DONE


def test_every_action_has_its_end() -> None:
    """No action is forgotten: each is either returned or held back."""
    held = {Action.RETRY_SAME, Action.THROTTLED, Action.REFRESH_TOKEN, Action.RECONNECT, Action.BLOCKED}
    assert held | set(RETURNED) == set(Action)
    assert all(after(action) is not Next.DONE for action in held)


def test_an_unknown_outcome_is_asked_for_a_bounded_number_of_times() -> None:
    """Five attempts, or two minutes."""
    assert after(Action.RETRY_SAME, attempts=4) is Next.RESEND
    assert after(Action.RETRY_SAME, attempts=5) is Next.GIVE_UP
    assert after(Action.RETRY_SAME, attempts=1, now=120.0) is Next.GIVE_UP


def test_a_suspect_refusal_is_tried_again_and_then_believed() -> None:
    """A generic failure of one item ends as a refusal, not as an outage."""
    assert after(Action.REJECT, suspect=True, attempts=4) is Next.RESEND
    assert after(Action.REJECT, suspect=True, attempts=5) is Next.DONE


def test_throttling_is_waited_out_once() -> None:
    """A second 429 of one call is for the caller to wait out."""
    assert after(Action.THROTTLED, throttles=1) is Next.PAUSE
    assert after(Action.THROTTLED, throttles=2) is Next.GIVE_UP


def test_a_token_is_renewed_once() -> None:
    """A second 401 means that the connection is dead."""
    assert after(Action.REFRESH_TOKEN, refusals=1) is Next.RENEW
    assert after(Action.REFRESH_TOKEN, refusals=2) is Next.DISCONNECTED
    assert after(Action.RECONNECT) is Next.DISCONNECTED


def test_a_blocked_company_waits() -> None:
    """An ended subscription is no fault of the record."""
    assert after(Action.BLOCKED) is Next.GIVE_UP


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_back_off_doubles_within_its_bounds(attempt: int, chance: float) -> None:
    """Between half and the whole of 1, 2, 4, … 60 seconds, whatever the attempt."""
    whole = min(60.0, 2.0 ** min(attempt - 1, 10))
    assert whole / 2 <= backoff_s(POLICY, attempt, chance) <= whole
