"""What a take-over has read lives as long as the company is owned: it is left out of garbage collections.

A full collection visits every object that may be part of a cycle: with 100,000 documents in the index the event loop
stood for 0.4 to 0.9 seconds, and all companies of the process with it. Objects that are in no cycle are freed at once
all the same, as everywhere in CPython.
"""

from __future__ import annotations

import gc

YOUNG = 50_000
"""Objects between two collections of the youngest: a micro-batch makes ten times as many as the default of 700."""
MIDDLE, FULL = 20, 100
"""Collections of the younger generation between two of the next."""


def spare_what_was_read() -> None:
    """What is known now is not visited by collections any more."""
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, FULL)


def visit_everything_again() -> None:
    """Before a company is let go: its cycles are garbage soon, those of take-overs in vain among them."""
    gc.unfreeze()
