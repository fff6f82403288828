"""What the bus knows of a sale is not held up by QuickBooks, nor by what has to be finished there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.commands.explain import books
from bridge.config.settings import load_settings

CONFIG = """
[[companies]]
name = "acme-us"
realm_id = "91"
environment = "sandbox"
client_id = "app"
"""


async def test_a_renewal_that_is_finished_does_not_hold_up_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is there before it ends, and it ends before the command does. Guard: the last wait."""
    (tmp_path / "bridge.toml").write_text(CONFIG)
    finished, renewed = [], asyncio.Event()

    @contextlib.asynccontextmanager
    async def away(*_: Any) -> AsyncIterator[None]:
        try:
            await asyncio.Event().wait()
            yield
        finally:
            await renewed.wait()
            finished.append("the renewal")

    monkeypatch.setattr(books, "open_reader", away)
    monkeypatch.setattr(books, "WAIT_S", 0.0)
    settings = load_settings(tmp_path / "bridge.toml", {})
    async with asyncio.timeout(30), books.books_now(settings, "acme-us", [("Invoice", "145")]) as now:
        assert (now.problem, finished) == ("QuickBooks did not answer within 0 seconds", [])
        renewed.set()
    assert finished == ["the renewal"]
