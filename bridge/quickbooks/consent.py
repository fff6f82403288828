"""A person's consent in the browser: the address to open, and the listener on loopback that the answer comes back to.

Source: Intuit's OAuth 2.0 pages. All five parameters of the address are required; the browser comes back with `code`,
`state` and `realmId`, or with `error` and `state`. A code is good once, for ten minutes.
"""

from __future__ import annotations

import hmac
import queue
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from bridge.quickbooks import faults
from bridge.quickbooks.auth import Credentials, request_tokens
from bridge.quickbooks.connection import is_local
from bridge.quickbooks.fault_codes import Action
from bridge.quickbooks.tokens import Tokens
from contracts.errors import BridgeError, ConfigurationError, Unauthorised, Unavailable

AUTHORISE_URL = "https://appcenter.intuit.com/connect/oauth2"
SCOPE = "com.intuit.quickbooks.accounting"
CALLBACK = "/callback"

_REQUEST_TIMEOUT_S = 5
_POLL_S = 0.25
_PAGE = """<!doctype html><html lang=en><meta charset=utf-8><title>qbo-bridge</title>
<body style="font:16px system-ui;margin:3rem"><h1>{title}</h1><p>{text}</p></body></html>"""


class NotConnected(BridgeError):
    """The company was not connected, and nothing was stored; the message says why."""


@dataclass(frozen=True, slots=True)
class ConsentAnswer:
    """What the browser came back with; `error` is the endpoint's own word, None for a consent."""

    code: str = field(repr=False)
    realm_id: str
    error: str | None


def new_state() -> str:
    """What ties the answer to this very question; nobody else can guess it."""
    return secrets.token_urlsafe(24)


def authorise_url(token_url: str | None, *, client_id: str, redirect_uri: str, state: str) -> str:
    """The address to open. A token endpoint of one's own has its consent page beside it, under Intuit's path."""
    parts = urlsplit(token_url or AUTHORISE_URL)
    asked = {
        "client_id": client_id,
        "scope": SCOPE,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "state": state,
    }
    return f"{parts.scheme}://{parts.netloc}{urlsplit(AUTHORISE_URL).path}?{urlencode(asked)}"


async def exchange_code(credentials: Credentials, code: str, redirect_uri: str, now: datetime) -> Tokens:
    """The first tokens of a connection, for the code of a consent; asked for once, since a code is good once.

    Unauthorised when the endpoint refuses app or code, Unavailable when it gives no answer.
    """
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    async with httpx.AsyncClient(trust_env=not is_local(credentials.token_url)) as http:
        answer = await request_tokens(http, credentials, grant, now)
    if isinstance(answer, Tokens):
        return answer
    said = faults.describe(answer)
    if faults.classify(answer).action is Action.RECONNECT:
        raise Unauthorised(f"the token endpoint refuses the consent: {said}; check client id and secret, and try again")
    raise Unavailable(f"the token endpoint gives no tokens: {said}; nothing was stored, try again later")


class ConsentListener:
    """Listens on 127.0.0.1:`port` (0 picks a free one) while the block runs; ConfigurationError when it is taken."""

    def __init__(self, port: int, state: str) -> None:
        self._answers: queue.Queue[ConsentAnswer] = queue.Queue()
        self._strangers = 0
        self._state = state
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        except OSError as error:
            raise ConfigurationError(
                f"port {port} of this machine cannot be listened on: {error.strerror}; expected another --port"
            ) from None
        self._server.timeout = _POLL_S
        self._server.daemon_threads = True

    @property
    def redirect_uri(self) -> str:
        """Where the browser is sent: an address that the app at Intuit must list."""
        return f"http://localhost:{self._server.server_address[1]}{CALLBACK}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()

    def wait(self, timeout_s: float) -> ConsentAnswer:
        """The answer to our question. NotConnected when none comes in time, or the person says no.

        An answer to another question (an old tab, or somebody who tries) is turned away and waited past.
        """
        until = time.monotonic() + timeout_s
        while self._answers.empty():
            if time.monotonic() >= until:
                also = "; an answer with another state came, from an older tab perhaps" if self._strangers else ""
                raise NotConnected(f"no answer came from the browser within {timeout_s:.0f} s{also}: try again")
            self._server.handle_request()
        answer = self._answers.get()
        if answer.error == "access_denied":
            raise NotConnected("the consent was denied in the browser: nothing was stored")
        if answer.error is not None or not answer.code:
            said = answer.error or "no code"
            raise NotConnected(f"the consent page answered {said!r}: check the app's client id and redirect URI")
        return answer

    def _take(self, target: str) -> tuple[ConsentAnswer | None, int, str, str]:
        """What one request means: the answer, its status, and what the person reads who looks at the browser."""
        parts = urlsplit(target)
        found = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path != CALLBACK:
            return None, 404, "Not here", "This address only takes the answer of the consent page."
        if not hmac.compare_digest(found.get("state", "").encode(), self._state.encode()):
            self._strangers += 1
            return (
                None,
                400,
                "Not the answer that is waited for",
                "Use the address that qbo-bridge connect printed last.",
            )
        answer = ConsentAnswer(found.get("code", ""), found.get("realmId", ""), found.get("error"))
        if answer.error is not None:
            return answer, 200, "Not connected", "The consent was not given. You can close this window."
        return (
            answer,
            200,
            "Thank you",
            "The terminal says whether the company is connected. You can close this window.",
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _REQUEST_TIMEOUT_S

            def do_GET(self) -> None:
                """Take the answer, and tell the person."""
                answer, status, title, text = listener._take(self.path)
                page = _PAGE.format(title=title, text=text).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
                self.end_headers()
                self.wfile.write(page)
                if answer is not None:  # only now: the process may end at once
                    listener._answers.put(answer)

            def log_message(self, *_: object) -> None:
                """Nothing: the address holds the code."""

        return Handler
