"""What all tests share: an environment without the operator's own settings, brokers, and the corpus where it is."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.corpus import CORPUS
from tests.support.sizes import register_profiles
from tests.support.tiers import sort_into_tiers

register_profiles()

pytest_plugins = ["tests.support.brokers"]

_OF_THE_TESTS = {
    "QBO_BRIDGE_TEST_KAFKA",
    "QBO_BRIDGE_TEST_EXAMPLES",
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
