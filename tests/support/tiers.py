"""Which tests belong to which tier, told from what they use, so that no new test can forget to say it.

* `books`: goes through a whole company into the sandbox's books, in this process. Each takes little; there are many.
* `processes`: starts processes, or meets the embedded broker, which is one.
* `apart`: about the sources and not about what they do, or about the sandbox, which is a product of its own.
* All tests of a real Kafka run one after the other in two groups, however many workers there are: what drives real
  processes, and what is a client in this process. So each broker has its tests to itself, and no machine more than two.
* Those of the architecture read every source: one process parses them, once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from types import ModuleType

import pytest

from tests.support.assembly import assemble

APART = ("tests/architecture/", "tests/sandbox/")


def sort_into_tiers(items: Iterable[pytest.Item]) -> None:
    """Mark each test by what it uses."""
    for item in items:
        module = getattr(item, "module", None)
        if isinstance(module, ModuleType) and _plays_in_the_books(module.__name__):
            item.add_marker(pytest.mark.books)
        if hasattr(module, "subprocess") or _meets_the_embedded_broker(item):
            item.add_marker(pytest.mark.processes)
        if "tests/architecture/" in item.nodeid:
            item.add_marker(pytest.mark.xdist_group("architecture"))
        if any(folder in item.nodeid for folder in APART):
            item.add_marker(pytest.mark.apart)
        if item.get_closest_marker("kafka"):
            item.add_marker(pytest.mark.xdist_group("kafka-processes" if _drives_processes(item) else "kafka-clients"))


@cache
def _plays_in_the_books(name: str) -> bool:
    """A module of the tests that puts a company together, or uses something of one that does."""
    module = sys.modules.get(name)
    if module is None or name == assemble.__module__:
        return False
    found = list(vars(module).values())
    used = {each.__name__ if isinstance(each, ModuleType) else getattr(each, "__module__", None) for each in found}
    others = {str(each) for each in used if str(each).startswith("tests.")} - {name}
    return any(each is assemble for each in found) or any(_plays_in_the_books(other) for other in sorted(others))


def _meets_the_embedded_broker(item: pytest.Item) -> bool:
    """By the fixture's name, or by the parameter of one that runs on either broker."""
    chosen = getattr(item, "callspec", None)
    chosen_here = chosen is not None and "embedded" in chosen.params.values()
    return chosen_here or "embedded" in getattr(item, "fixturenames", ())


def _drives_processes(item: pytest.Item) -> bool:
    """Scenarios and whatever else with a broker is slow start the bridge, the sandbox or replicas as processes."""
    return "tests/scenarios/" in item.nodeid or item.get_closest_marker("slow") is not None
