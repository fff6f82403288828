"""How long one call is insisted on, and what comes after each attempt. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from bridge.quickbooks.fault_codes import Action
from bridge.quickbooks.faults import Disposition


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long one call is insisted on.

    No attempt begins later than `elapsed_max_s`; a pause after a 429 that is longer than `pause_max_s` is not waited
    for inside a call: whoever calls has a place in a consumer group to keep.
    """

    attempts_max: int = 5
    throttles_max: int = 1
    initial_s: float = 1.0
    wait_max_s: float = 60.0
    elapsed_max_s: float = 120.0
    pause_max_s: float = 90.0


class Next(Enum):
    """What to do after an attempt."""

    DONE = auto()
    RESEND = auto()
    PAUSE = auto()
    RENEW = auto()
    GIVE_UP = auto()
    DISCONNECTED = auto()


@dataclass(slots=True)
class CallState:
    """What one call has been through: attempts, among them 5xx, 429s and refused tokens, and when it began."""

    began_at: float
    attempts: int = 0
    failures: int = 0
    throttles: int = 0
    refusals: int = 0


def backoff_s(policy: RetryPolicy, attempt: int, chance: float) -> float:
    """Seconds to wait after the `attempt`-th try: doubling from the first, of which `chance` (0..1) moves half."""
    whole = min(policy.wait_max_s, policy.initial_s * 2.0 ** min(attempt - 1, 30))
    return whole * (0.5 + 0.5 * chance)


def next_after(disposition: Disposition | None, state: CallState, policy: RetryPolicy, now: float) -> Next:
    """The decision after an attempt; `disposition` is what is still open, None when all is known. Pure."""
    exhausted = state.attempts >= policy.attempts_max or now - state.began_at >= policy.elapsed_max_s
    match disposition.action if disposition else None:
        case Action.THROTTLED:
            # because the same bytes go out under the same request id, repeating them after the pause is safe
            return Next.GIVE_UP if state.throttles > policy.throttles_max else Next.PAUSE
        case Action.REFRESH_TOKEN:
            # because a token may run out between two calls, one refusal is ordinary; a new one refused is not
            return Next.DISCONNECTED if state.refusals > 1 else Next.RENEW
        case Action.RECONNECT:
            return Next.DISCONNECTED
        case Action.BLOCKED:
            # because only a person can lift a block, trying again would burn calls
            return Next.GIVE_UP
        case Action.RETRY_SAME:
            # because QBO may have applied it: the same request id gets the first answer, a new one would write twice
            return Next.GIVE_UP if exhausted else Next.RESEND
    return Next.RESEND if disposition and disposition.suspect and not exhausted else Next.DONE
