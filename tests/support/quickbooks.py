"""A small QBO made of functions: what it is asked is recorded, what it answers is scripted."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx

from bridge.quickbooks import wire
from bridge.quickbooks.auth import Credentials
from bridge.quickbooks.batching import WireStep, pack
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.connection import ConnectionSettings, open_client
from bridge.quickbooks.limiter import Limits
from bridge.quickbooks.requests import Batch, Operation, Single
from bridge.quickbooks.retry_policy import RetryPolicy
from bridge.quickbooks.tokens import Overtaken, Tokens, fingerprint
from tests.support.clocks import START, ManualClock

REALM = "9130000000000001"
TOKEN_PATH = "/oauth2/v1/tokens/bearer"

Handler = Callable[[httpx.Request], httpx.Response]
Scripted = httpx.Response | Exception | Handler


class Script:
    """Answers in the given order, the last one for ever; requests to the token endpoint count apart."""

    def __init__(self, *answers: Scripted, tokens: Handler | None = None) -> None:
        self._answers = list(answers)
        self._tokens = tokens or numbered_tokens()
        self.requests: list[httpx.Request] = []
        self.token_requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == TOKEN_PATH:
            self.token_requests.append(request)
            return self._tokens(request)
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):  # a response is spent when it was read, so each use gets its own
            return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)
        return answer(request)

    @property
    def params(self) -> list[dict[str, str]]:
        """The query parameters of each request."""
        return [dict(request.url.params) for request in self.requests]


class MemoryStore:
    """A TokenStore in memory that remembers the order of what happened to it."""

    def __init__(self, tokens: Tokens | None = None) -> None:
        self.tokens = tokens
        self.saved: list[Tokens] = []

    async def load(self, realm_id: str) -> Tokens | None:
        assert realm_id == REALM
        return self.tokens

    async def save(self, realm_id: str, tokens: Tokens) -> None:
        assert realm_id == REALM
        self.tokens = tokens
        self.saved.append(tokens)

    async def supersede(self, realm_id: str, old: Tokens | None, new: Tokens) -> None:
        if await self.load(realm_id) not in (None, old):
            raise Overtaken(realm_id)
        await self.save(realm_id, new)

    @contextlib.asynccontextmanager
    async def exclusive(self, realm_id: str) -> AsyncIterator[None]:
        assert realm_id == REALM
        yield


def numbered_tokens() -> Handler:
    """A token endpoint that hands out access-1 with refresh-1, and counts up."""
    count = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        return httpx.Response(
            200,
            json={
                "access_token": f"access-{count}",
                "refresh_token": f"refresh-{count}",
                "expires_in": 3600,
                "x_refresh_token_expires_in": 8640000,
            },
        )

    return answer


def valid_tokens(**changes: Any) -> Tokens:
    """Tokens that work for an hour of the manual clock."""
    given: dict[str, Any] = {
        "access_token": "access-0",
        "refresh_token": "refresh-0",
        "access_expires_at": START + timedelta(hours=1),
        "seed": fingerprint("seed"),
    }
    return Tokens(**{**given, **changes})


def credentials(seed: str | None = "seed") -> Credentials:
    return Credentials(realm_id=REALM, client_id="app", client_secret="app-secret", refresh_token=seed)


@contextlib.asynccontextmanager
async def opened(
    script: Callable[[httpx.Request], httpx.Response],
    *,
    clock: ManualClock | None = None,
    store: MemoryStore | None = None,
    policy: RetryPolicy | None = None,
    limits: Limits | None = None,
) -> AsyncIterator[QuickBooksClient]:
    """A client of the scripted QBO, with tokens that work, waiting on a manual clock without jitter."""
    settings = ConnectionSettings(
        credentials=credentials(),
        base_url="https://qbo.example",
        limits=limits or Limits(),
        policy=policy or RetryPolicy(),
    )
    async with open_client(
        settings,
        store or MemoryStore(valid_tokens()),
        clock or ManualClock(),
        transport=httpx.MockTransport(script),
        jitter=lambda: 0.0,
    ) as client:
        yield client


def step(
    name: str = "1", entity: str = "Customer", operation: Operation = "create", body: Mapping[str, Any] | None = None
) -> WireStep:
    """A step whose request id is `step-<name>`."""
    return WireStep(entity=entity, operation=operation, body=body or {"DisplayName": name}, request_id=f"step-{name}")


def single(name: str = "1", **given: Any) -> Single:
    """The lone request of one step."""
    (request,) = pack([step(name, **given)])
    assert isinstance(request, Single)
    return request


def batch(*names: str) -> Batch:
    """The batch of several customers."""
    (request,) = pack([step(name) for name in names])
    assert isinstance(request, Batch)
    return request


def ok(entity: str = "Customer", **fields: Any) -> httpx.Response:
    """A successful answer with one entity."""
    return json_reply({entity: {"Id": "60", "SyncToken": "0", **fields}, "time": "2026-11-22T04:00:00.000-08:00"})


def json_reply(body: Mapping[str, Any], status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, content=wire.dumps(body), headers={"intuit_tid": "1-628f0be4-19ed5ea6", **headers})


def fault_body(
    code: str, detail: str = "", element: str | None = None, kind: str = "ValidationFault"
) -> dict[str, Any]:
    """A service fault in its JSON envelope."""
    error = {"Message": f"Message of {code}", "Detail": detail, "code": code}
    return {"Fault": {"Error": [error | ({"element": element} if element is not None else {})], "type": kind}}


def refused(code: str, detail: str = "", status: int = 400, **headers: str) -> httpx.Response:
    return json_reply({**fault_body(code, detail), "time": "2026-11-22T04:00:00.000-08:00"}, status, **headers)


def throttled(**headers: str) -> httpx.Response:
    """A 429 as QBO recorded it in 2016: XML."""
    body = (
        '<IntuitResponse time="2016-12-07T15:27:09.527-08:00"><Fault type="SERVICE"><Error code="3001">'
        "<Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message>"
        "<Detail>The request limit was reached.  Try again later</Detail></Error></Fault></IntuitResponse>"
    )
    return httpx.Response(429, content=body.encode(), headers=headers)


def expired() -> httpx.Response:
    """A 401 as the gateway words it."""
    error = {
        "message": "message=AuthenticationFailed; errorCode=003200; statusCode=401",
        "detail": "Token expired: AB01730024136",
        "code": "3200",
        "element": None,
    }
    return json_reply({"warnings": None, "fault": {"error": [error], "type": "AUTHENTICATION"}, "time": 1}, 401)


def batch_answer(answers: Mapping[str, Mapping[str, Any]]) -> Handler:
    """Answers a batch by the DisplayName of each item; a name that is not given is left out of the answer."""

    def answer(request: httpx.Request) -> httpx.Response:
        items = (wire.loads(request.content) or {})["BatchItemRequest"]
        found = [
            {**answers[item["Customer"]["DisplayName"]], "bId": item["bId"]}
            for item in items
            if item["Customer"]["DisplayName"] in answers
        ]
        return json_reply({"BatchItemResponse": found[::-1], "time": "2026-11-22T04:00:00.000-08:00"})

    return answer


def created(name: str) -> dict[str, Any]:
    return {"Customer": {"Id": name, "SyncToken": "0", "DisplayName": name}}
