"""What all tests share: an environment without the operator's own settings, brokers, the corpus where it is, counts."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.corpus import CORPUS
from tests.support.drawn import DRAWN, said_of_drawn
from tests.support.sizes import register_profiles
from tests.support.tiers import sort_into_tiers

register_profiles()

pytest_plugins = ["tests.support.brokers"]

_OF_THE_TESTS = {
    "QBO_BRIDGE_TEST_KAFKA",
    "QBO_BRIDGE_TEST_EXAMPLES",
    "QBO_BRIDGE_TEST_SEED",
    "QBO_BRIDGE_REQUIRE_KAFKA",
    "QBO_BRIDGE_KAFKA_CACHE",
}

# At import, before anything is loaded: a developer's own settings must not decide what a test sees, nor reach the
# processes that tests start.
for _name in [name for name in os.environ if name.startswith("QBO_BRIDGE_") and name not in _OF_THE_TESTS]:
    del os.environ[_name]

# A shell starts what it puts in the background with Ctrl-C ignored, and so would the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real payloads, which is not part of the project; tests that need it are skipped without."""
    if not (CORPUS / "MANIFEST.json").is_file():
        pytest.skip("the corpus of real payloads is not here")
    return CORPUS


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tiers of `make quick`, `make push` and `make test`."""
    sort_into_tiers(items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells the process that started it what it has drawn."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["drawn"] = dict(DRAWN)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """What a worker has drawn counts too."""
    DRAWN.update(getattr(node, "workeroutput", {}).get("drawn", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The kinds of stories of a nightly run, with their counts."""
    if DRAWN and config.getoption("--hypothesis-profile") == "sixth":
        terminalreporter.section("stories drawn, by kind")
        for said in said_of_drawn(DRAWN):
            terminalreporter.write_line(said)
