"""The flag that writes golden plans anew."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """One flag: `--golden-update`."""
    parser.addoption("--golden-update", action="store_true", help="write the golden plans from what mapping says now")


@pytest.fixture
def golden_update(request: pytest.FixtureRequest) -> bool:
    """True when golden plans are to be written, not compared."""
    return bool(request.config.getoption("--golden-update", default=False))
