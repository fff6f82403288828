"""A client is opened and closed with everything that it stands on."""

from __future__ import annotations

import logging

import httpx
import pytest

from bridge.clock import SystemClock
from bridge.quickbooks.connection import ConnectionSettings, _http
from tests.support.clocks import ManualClock
from tests.support.quickbooks import Script, credentials, ok, opened, single


def settings(base_url: str) -> ConnectionSettings:
    return ConnectionSettings(credentials=credentials(), base_url=base_url)


@pytest.mark.parametrize(
    ("base_url", "proxied"),
    [
        ("https://quickbooks.api.intuit.com", True),
        ("http://127.0.0.1:8100", False),
        ("http://localhost:8100", False),
        ("http://[::1]:8100", False),
    ],
)
async def test_a_proxy_is_for_the_outside_world(base_url: str, proxied: bool) -> None:  # noqa: FBT001 - a table
    """A sandbox on this machine is reached directly, whatever the environment says."""
    async with _http(settings(base_url), None) as http:
        assert http.trust_env is proxied


async def test_an_answer_is_waited_for_longer_than_qbo_takes() -> None:
    """QBO gives itself 120 s; a shorter timeout would make unknown outcomes out of slow ones."""
    async with _http(settings("https://qbo.example"), None) as http:
        assert (http.timeout.read or 0) > 120
        assert http.timeout.connect == 10


async def test_urls_are_not_logged_by_the_http_library(caplog: pytest.LogCaptureFixture) -> None:
    """A query's text holds names."""
    caplog.set_level(logging.INFO)
    async with opened(Script(ok())) as client:
        await client.send(single())
    assert caplog.records == []


async def test_a_closed_client_sends_nothing() -> None:
    """The connections end with the block."""
    async with opened(Script(ok())) as client:
        pass
    with pytest.raises(RuntimeError):
        await client.send(single())


async def test_the_clocks_agree_on_what_a_clock_is() -> None:
    """The system's clock is aware, monotonic, and sleeps; the manual one starts where it is told."""
    clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep(-1)
    assert clock.monotonic() >= before
    assert clock.now().tzinfo is not None
    assert ManualClock().now().utcoffset() == clock.now().utcoffset()


def test_responses_are_made_of_bytes() -> None:
    """The scripted QBO answers as the real one does: with a body to read."""
    assert isinstance(ok(), httpx.Response)
