"""What all tests share: an environment without the operator's own settings, brokers, and the corpus where it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.corpus import CORPUS

# `make nightly`: the properties over generated documents at full size.
settings.register_profile("nightly", max_examples=1_700)

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


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real payloads, which is not part of the project; tests that need it are skipped without."""
    if not (CORPUS / "MANIFEST.json").is_file():
        pytest.skip("the corpus of real payloads is not here")
    return CORPUS
