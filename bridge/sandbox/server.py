"""The sandbox as a process: a socket, uvicorn on it, and one line that says how to reach it."""

import asyncio
import contextlib
import gc
import importlib.util
import logging
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bridge.sandbox.answers import ConnectionDropped
from bridge.sandbox.app import create_app
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.settings import SandboxSettings


def _protocol() -> type[asyncio.Protocol]:
    """The HTTP protocol (the fast one where httptools is installed), showing its transport to the application."""
    base: Any = H11Protocol
    if importlib.util.find_spec("httptools") is not None:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: PLC0415 - optional

        base = HttpToolsProtocol

    class ShowsTransport(base):  # type: ignore[misc]
        def connection_made(self, transport: asyncio.Transport) -> None:
            shown: dict[str, Any] = {**self.app_state, "transport": transport}  # type: ignore[has-type]
            self.app_state = shown
            super().connection_made(transport)

    return ShowsTransport


UVICORN = logging.getLogger("uvicorn.error")


def _only_critical(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.CRITICAL


class CannotStartError(Exception):
    """The port is taken, or the data file cannot be used; the message is for the user."""


class _SandboxServer(uvicorn.Server):
    """Leaves signals to whoever runs the loop; uvicorn's own handling ends the process with the signal's exit code."""

    def stop(self) -> None:
        """End soon; what is cut off in the middle is no error worth a traceback."""
        UVICORN.addFilter(_only_critical)
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


class _Front:
    """Sends the API's requests straight to it; a dropped connection is the sandbox's wish, not an error to log."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self._api: ASGIApp = app.state.api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = self._api if scope["path"].startswith("/v3/") else self._app
        with contextlib.suppress(ConnectionDropped):
            await target(scope, receive, send)


@contextlib.asynccontextmanager
async def served(settings: SandboxSettings) -> AsyncIterator[str]:
    """The sandbox on a real socket for as long as the block runs; gives its base URL."""
    server, listener, sandbox = _server(settings)
    task = asyncio.create_task(server.serve([listener]))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn tells it by a flag only
            await asyncio.sleep(0.01)
        yield f"http://{settings.host}:{listener.getsockname()[1]}"
    finally:
        server.stop()
        await task
        await asyncio.sleep(0)
        UVICORN.removeFilter(_only_critical)
        sandbox.close()


def _server(settings: SandboxSettings) -> tuple[_SandboxServer, socket.socket, Sandbox]:
    try:
        listener = socket.create_server((settings.host, settings.port))
    except (OSError, OverflowError) as error:
        raise CannotStartError(f"cannot listen on {settings.host}:{settings.port}: {error}") from error
    try:
        app = create_app(settings)
    except (sqlite3.Error, ValueError) as error:
        listener.close()
        raise CannotStartError(f"cannot open the company: {error} (data file: {settings.data or 'none'})") from error
    config = uvicorn.Config(
        _Front(app),
        http=_protocol(),
        log_level="warning",
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    sandbox: Sandbox = app.state.sandbox
    return _SandboxServer(config), listener, sandbox


async def serve(settings: SandboxSettings, announce: Callable[[str], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; `announce` gets the line that says where."""
    server, listener, sandbox = _server(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    url = f"http://{settings.host}:{listener.getsockname()[1]}"
    (announce or _print)(banner(settings, url))
    await server.serve([listener])
    sandbox.close()


def banner(settings: SandboxSettings, url: str) -> str:
    """One line with everything that a client needs."""
    return (
        f"QBO sandbox on {url} realm {', '.join(settings.realms)} client_id {settings.client_id} "
        f"client_secret {settings.client_secret} refresh_token {settings.refresh_token}"
    )


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run(settings: SandboxSettings) -> None:
    """Serve in the foreground; returns when told to stop."""
    gc.set_threshold(100_000, 50, 1000)  # documents live long and have no cycles: frequent collections only cost
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        runner: Any = asyncio.run
    else:
        runner = uvloop.run
    try:
        runner(serve(settings))
    except CannotStartError as error:
        sys.exit(str(error))
