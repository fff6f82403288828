"""The health, metrics and status pages, over a real socket."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from bridge.config.settings import HttpSettings
from bridge.service.http import render_page, serve
from bridge.telemetry.status import StatusBoard
from contracts.errors import ConfigurationError
from contracts.lifecycle import Phase
from tests.support.clocks import ManualClock

ANY_PORT = HttpSettings(port=0)


def new_board() -> StatusBoard:
    board = StatusBoard(clock=ManualClock(), version="9.9")
    board.company("acme", "91").enter(Phase.WARMING, reason="filling the index")
    return board


async def get(address: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(address + path)


async def test_readiness_answers_503_with_the_reason_and_then_200() -> None:
    """A probe sees the code, a person sees why."""
    board = new_board()
    async with serve(board, ANY_PORT) as address:
        warming = await get(address, "/readyz")
        board.company("acme", "91").enter(Phase.RUNNING)
        running = await get(address, "/readyz")
    assert (warming.status_code, warming.json()) == (503, {"ok": False, "because": ["acme is warming"]})
    assert (running.status_code, running.json()) == (200, {"ok": True, "because": []})


async def test_readiness_says_what_loses_sales_and_stays_ready() -> None:
    """A notice is for people: taking the process out of service would help nobody."""
    board = new_board()
    acme = board.company("acme", "91")
    acme.enter(Phase.RUNNING)
    acme.warned(["thin_event"])
    async with serve(board, ANY_PORT) as address:
        answer = await get(address, "/readyz")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)
    assert "snapshot payloads" in answer.json()["warnings"][0]


async def test_the_other_pages_answer() -> None:
    """Liveness, metrics in Prometheus' format, the snapshot as JSON, and a page for people."""
    async with serve(new_board(), ANY_PORT) as address:
        live, metrics = await get(address, "/livez"), await get(address, "/metrics")
        status, page = await get(address, "/status"), await get(address, "/")
    assert live.status_code == 200
    assert 'qbo_bridge_phase{company="acme",phase="warming"} 1.0' in metrics.text
    assert status.json()["companies"][0]["reason"] == "filling the index"
    assert "filling the index" in page.text


def test_the_page_escapes_what_it_shows() -> None:
    """Reasons may quote what came from outside."""
    board = new_board()
    board.company("acme", "91").enter(Phase.STOPPED, reason="<script>alert(1)</script>")
    assert "<script>" not in render_page(board.snapshot())


async def test_a_port_in_use_is_a_configuration_error() -> None:
    """One sentence with the address, not a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ConfigurationError, match=rf"http\.port: 127\.0\.0\.1:{port} is in use; expected a free port"
        ):
            async with serve(new_board(), HttpSettings(port=port)):
                pass


async def test_the_server_ends_with_its_block() -> None:
    """Nothing listens afterwards, and no task is left."""
    async with serve(new_board(), ANY_PORT) as address:
        pass
    with pytest.raises(httpx.ConnectError):
        await get(address, "/livez")
    assert all(task.get_name() != "http" for task in asyncio.all_tasks())
