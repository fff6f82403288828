"""Which tests belong to which tier, told from what they use, so that no new test can forget to say it.

* `books`: goes through a whole company into the sandbox's books, in this process. Each takes little; there are many.
* `processes`: starts processes, or meets the embedded broker, which is one.
* All tests of a real Kafka run one after the other in two groups, however many workers there are: what drives real
  processes, and what is a client in this process. So each broker has its tests to itself, and no machine more than two.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

OPENERS = ("opened", "office")
"""A module that has one of these names plays in the books."""


def sort_into_tiers(items: Iterable[pytest.Item]) -> None:
    """Mark each test by what it uses."""
    for item in items:
        module = getattr(item, "module", None)
        if any(hasattr(module, name) for name in OPENERS):
            item.add_marker(pytest.mark.books)
        if hasattr(module, "subprocess") or "embedded" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.processes)
        if item.get_closest_marker("kafka"):
            item.add_marker(pytest.mark.xdist_group("kafka-processes" if _drives_processes(item) else "kafka-clients"))


def _drives_processes(item: pytest.Item) -> bool:
    """Scenarios and whatever else with a broker is slow start the bridge, the sandbox or replicas as processes."""
    return "tests/scenarios/" in item.nodeid or item.get_closest_marker("slow") is not None
