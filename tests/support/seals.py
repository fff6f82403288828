"""The seal of every company that tests know: the tokens' key of `tests.support.stage`."""

from __future__ import annotations

from bridge.sandbox.settings import DEFAULT_REALM
from contracts.marker_seal import MarkerSeal, marker_key

TOKENS_KEY = bytes(range(32))


def seal_of(realm: str) -> MarkerSeal:
    """What signs the markers of the company `realm`."""
    return MarkerSeal(realm, (marker_key(TOKENS_KEY),))


SEAL = seal_of(DEFAULT_REALM)
"""Of the company that in-process tests have."""
