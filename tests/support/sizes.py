"""How many examples a property draws: its own number in proportion to the profile that this run is on.

`make quick` is at a tenth, `make push` at a third, CI at the whole; `make nightly` is at seventeen times, a sixth of it
with each of six seeds.
"""

from __future__ import annotations

import os

from hypothesis import settings

WHOLE = 100
"""The examples of a property that says nothing itself, with no profile named: Hypothesis' own default."""
PROFILES = {"quick": 10, "push": 33, "sixth": 284, "nightly": 1_700}
FIRST = int(os.environ.get("QBO_BRIDGE_TEST_SEED", "0"))
"""Which seed of several this run is: what draws by numbers draws others with each."""

DAYS = int(os.environ.get("QBO_BRIDGE_TEST_DAYS", "2"))
"""The days of a week on a real broker; with `make week` all seven."""


def register_profiles() -> None:
    """Make the profiles known to `--hypothesis-profile`; a run that names none is at the whole."""
    for name, size in {"whole": WHOLE, **PROFILES}.items():
        # because a machine that others use as well is slow now and then, and no test is about seconds
        settings.register_profile(name, max_examples=size, deadline=None)
    settings.load_profile("whole")


def examples(whole: int) -> int:
    """What a property of `whole` examples draws on the present profile; one at least."""
    return max(1, whole * settings().max_examples // WHOLE)


def seeds(whole: int) -> range:
    """The numbers that a property of `whole` months draws by, none of them another seed's."""
    count = examples(whole)
    return range(FIRST * count, FIRST * count + count)
