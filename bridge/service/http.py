"""Health, metrics and status over HTTP; the process's own small server, in the event loop of the bridge.

Our own socket is bound first, so that a taken port is the operator's one sentence and port 0 is known before anybody
asks. uvicorn's signal handling is switched off: the bridge drains on SIGTERM by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import html
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bridge.config.settings import HttpSettings
from bridge.telemetry.status import StatusBoard
from contracts.errors import ConfigurationError

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
}

Page = BaseRoute
"""One path of the server, and what answers there."""

log = structlog.get_logger(__name__)


def create_app(board: StatusBoard, routes: Sequence[Page] = ()) -> Starlette:
    """The pages over `board`; `routes` are further pages of the same server."""

    async def livez(_request: Request) -> Response:
        return _health(board.live())

    async def readyz(_request: Request) -> Response:
        return _health(board.ready(), board.notices())

    async def metrics(_request: Request) -> Response:
        return Response(board.telemetry.exposition(), headers=_HEADERS, media_type=CONTENT_TYPE_LATEST)

    async def status(_request: Request) -> Response:
        return JSONResponse(board.snapshot(), headers=_HEADERS)

    async def page(_request: Request) -> Response:
        return HTMLResponse(render_page(board.snapshot()), headers=_HEADERS)

    ours = {"/livez": livez, "/readyz": readyz, "/metrics": metrics, "/status": status, "/": page}
    return Starlette(routes=[*(Route(path, answer) for path, answer in ours.items()), *routes])


def json_page(path: str, content: Callable[[], object]) -> Page:
    """A further page: what `content` gives, as JSON."""

    async def answer(_request: Request) -> Response:
        return JSONResponse(content(), headers=_HEADERS)

    return Route(path, answer)


@contextlib.asynccontextmanager
async def serve(board: StatusBoard, settings: HttpSettings, routes: Sequence[Page] = ()) -> AsyncIterator[str]:
    """Serve while the block runs; gives the address. ConfigurationError when the port is taken."""
    listening = _listen(settings)
    config = uvicorn.Config(create_app(board, routes), log_config=None, access_log=False, lifespan="off")
    server = _Server(config)
    address = _address(listening)
    log.info("http.listening", address=address)
    task = asyncio.create_task(server.serve(sockets=[listening]), name="http")
    try:
        yield address
    finally:
        server.should_exit = True
        await task
        listening.close()


def render_page(snapshot: dict[str, object]) -> str:
    """The status as a plain page that renews itself; everything that comes from outside is escaped."""
    companies = snapshot["companies"]
    rows = "".join(_row(company) for company in companies) if isinstance(companies, list) else ""
    ready = "ready" if snapshot["ready"] else "not ready"
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=5><title>qbo-bridge</title>"
        "<style>body{font:16px system-ui;margin:2rem}td,th{text-align:left;padding:.3rem 1rem;border-bottom:1px solid"
        " #ccc}</style>"
        f"<h1>qbo-bridge {html.escape(str(snapshot['version']))}: {ready}</h1>"
        "<table><tr><th>company<th>phase<th>since<th>reason<th>results<th>QBO calls<th>index</tr>"
        f"{rows}</table><p>JSON: /status, metrics: /metrics</p></html>"
    )


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the bridge."""
        yield


def _listen(settings: HttpSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        said = "is in use; expected a free port, or 0 for any" if taken else f"cannot be used: {error.strerror}"
        raise ConfigurationError(f"http.port: {settings.host}:{settings.port} {said}.") from None


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _health(complaints: Sequence[str], notices: Sequence[str] = ()) -> Response:
    """A notice is read by people; it takes no process out of service."""
    said = {"ok": not complaints, "because": list(complaints)} | ({"warnings": list(notices)} if notices else {})
    return JSONResponse(said, status_code=503 if complaints else 200, headers=_HEADERS)


def _row(company: dict[str, object]) -> str:
    cells = (
        company["company"],
        company["phase"],
        company["since"],
        company["reason"] or "",
        _pairs(company["results"]),
        _pairs(company["calls"]),
        company["index_entities"],
    )
    return "<tr>" + "".join(f"<td>{html.escape(str(cell))}" for cell in cells) + "</tr>"


def _pairs(counts: object) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) if isinstance(counts, dict) else ""
