"""One refresh at a time, the newest refresh token never lost, a dead connection reported and not hammered."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from bridge.quickbooks import auth
from bridge.quickbooks.auth import TokenManager
from bridge.quickbooks.retry_policy import RetryPolicy
from bridge.quickbooks.token_file import FileTokenStore
from bridge.quickbooks.tokens import Tokens, fingerprint, new_key, token_key
from contracts.errors import ConfigurationError, Unauthorised, Unavailable
from tests.support.clocks import START, ManualClock, settle
from tests.support.quickbooks import REALM, Handler, MemoryStore, credentials, numbered_tokens, valid_tokens

OLD = valid_tokens(access_expires_at=START + timedelta(minutes=4))


class Endpoint:
    """A token endpoint that records the refresh tokens it is shown."""

    def __init__(self, *answers: Handler | httpx.Response | Exception) -> None:
        self._answers = list(answers) or [numbered_tokens()]
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)
        return answer(request)

    @property
    def shown(self) -> list[str]:
        return [parse_qs(request.content.decode())["refresh_token"][0] for request in self.requests]


def denied(error: str = "invalid_grant", status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"error": error})


@contextlib.asynccontextmanager
async def manager(
    endpoint: Callable[[httpx.Request], httpx.Response]
    | Callable[[httpx.Request], Coroutine[None, None, httpx.Response]],
    store: MemoryStore,
    *,
    seed: str | None = "seed",
    clock: ManualClock | None = None,
) -> AsyncIterator[TokenManager]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(endpoint)) as http:
        yield TokenManager(
            credentials(seed),
            store,
            http,
            clock or ManualClock(),
            policy=RetryPolicy(attempts_max=3),
            jitter=lambda: 0.0,
        )


async def test_a_good_token_is_used_as_it_is() -> None:
    """A new owner finds the access token in the store and refreshes nothing."""
    endpoint = Endpoint()
    async with manager(endpoint, MemoryStore(valid_tokens())) as tokens:
        assert await tokens.access_token() == "access-0"
        assert await tokens.access_token() == "access-0"
    assert endpoint.requests == []


async def test_a_token_is_renewed_five_minutes_before_its_end() -> None:
    """At fifty-five minutes of its hour it is not handed out any more."""
    endpoint, clock = Endpoint(), ManualClock()
    async with manager(endpoint, MemoryStore(valid_tokens()), clock=clock) as tokens:
        await clock.advance(54 * 60)
        assert await tokens.access_token() == "access-0"
        await clock.advance(60)
        assert await tokens.access_token() == "access-1"
    assert endpoint.shown == ["refresh-0"]


async def test_the_request_is_oauths() -> None:
    """A form with the grant, the app in Basic, and JSON asked for."""
    endpoint = Endpoint()
    async with manager(endpoint, MemoryStore(OLD)) as tokens:
        await tokens.access_token()
    (request,) = endpoint.requests
    assert request.content == b"grant_type=refresh_token&refresh_token=refresh-0"
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"app:app-secret").decode()
    assert request.headers["accept"] == "application/json"


async def test_ten_callers_make_one_refresh() -> None:
    """Two refreshes with one value can kill both: whoever comes while one is under way waits for it."""
    endpoint = Endpoint()

    async def slow(request: httpx.Request) -> httpx.Response:
        await settle()
        return endpoint(request)

    async with manager(slow, MemoryStore(OLD)) as tokens:
        assert await asyncio.gather(*(tokens.access_token() for _ in range(10))) == ["access-1"] * 10
        assert await asyncio.gather(*(tokens.renewed("access-1") for _ in range(10))) == ["access-2"] * 10
    assert len(endpoint.requests) == 2


async def test_two_processes_on_one_file_make_one_refresh(tmp_path: Path) -> None:
    """The one that waits for the lock finds the other's tokens in the store."""
    key, clock, endpoint = token_key(new_key()), ManualClock(), Endpoint()
    stores = [FileTokenStore(tmp_path / "tokens.enc", key, clock) for _ in range(2)]
    await stores[0].save(REALM, replace(OLD, access_token=None))
    async with httpx.AsyncClient(transport=httpx.MockTransport(endpoint)) as http:
        processes = [
            TokenManager(credentials(), store, http, clock, policy=RetryPolicy(), jitter=lambda: 0.0)
            for store in stores
        ]
        assert await asyncio.gather(*(process.access_token() for process in processes)) == ["access-1"] * 2
    assert endpoint.shown == ["refresh-0"]


async def test_tokens_are_kept_before_they_are_used() -> None:
    """While the store is still writing, nobody has the new access token."""

    class SlowStore(MemoryStore):
        written = asyncio.Event()

        async def save(self, realm_id: str, tokens: Tokens) -> None:
            await self.written.wait()
            await super().save(realm_id, tokens)

    store = SlowStore(OLD)
    async with manager(Endpoint(), store) as tokens:
        asked = asyncio.create_task(tokens.access_token())
        await settle()
        assert not asked.done()
        store.written.set()
        assert await asked == "access-1"
    assert store.tokens is not None
    assert (store.tokens.refresh_token, store.tokens.seed) == ("refresh-1", fingerprint("seed"))


async def test_a_full_disk_keeps_the_newest_token_in_hand() -> None:
    """Nothing is sent with tokens that are not kept; the next try saves them without another refresh."""

    class FullStore(MemoryStore):
        full = True

        async def save(self, realm_id: str, tokens: Tokens) -> None:
            if self.full:
                raise ConfigurationError("the token store tokens.enc cannot be written: No space left on device")
            await super().save(realm_id, tokens)

    store, endpoint = FullStore(OLD), Endpoint()
    async with manager(endpoint, store) as tokens:
        for _ in range(2):
            with pytest.raises(Unavailable, match="No space left") as raised:
                await tokens.access_token()
            assert not isinstance(raised.value, Unauthorised)
        store.full = False
        assert await tokens.access_token() == "access-1"
    assert endpoint.shown == ["refresh-0"]
    assert [saved.refresh_token for saved in store.saved] == ["refresh-1"]


async def cancelled(tokens: TokenManager, release: asyncio.Event) -> None:
    """Ask for another token, give up while the endpoint works, then let the endpoint answer if it may."""
    asked = asyncio.create_task(tokens.renewed("access-0"))
    await settle()
    asked.cancel()
    await settle()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await asked


@pytest.mark.parametrize(("answer", "kept"), [(numbered_tokens(), ["refresh-1"]), (lambda _: denied(), [])])
async def test_a_renewal_that_has_begun_is_finished(answer: Handler, kept: list[str]) -> None:
    """The caller is cancelled while the endpoint rotates the token: what comes back is kept all the same."""
    release, store = asyncio.Event(), MemoryStore(OLD)

    async def slow(request: httpx.Request) -> httpx.Response:
        await release.wait()
        return answer(request)

    async with manager(slow, store, seed=None) as tokens:
        await cancelled(tokens, release)
    assert [saved.refresh_token for saved in store.saved] == kept


async def test_a_cancelled_caller_is_not_held_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that never answers keeps it for a moment only."""
    monkeypatch.setattr(auth, "_CANCEL_GRACE_S", 0.0)
    never = asyncio.Event()

    async def silent(_: httpx.Request) -> httpx.Response:
        await never.wait()
        return denied()

    async with manager(silent, MemoryStore(OLD), seed=None) as tokens:
        await cancelled(tokens, asyncio.Event())


async def test_the_first_start_uses_the_environments_token() -> None:
    """An empty store is seeded, and remembers by what."""
    store, endpoint = MemoryStore(), Endpoint()
    async with manager(endpoint, store) as tokens:
        assert await tokens.access_token() == "access-1"
    assert endpoint.shown == ["seed"]
    assert [saved.seed for saved in store.saved] == [fingerprint("seed")]


async def test_the_store_wins_over_the_token_that_seeded_it() -> None:
    """A restart with the old environment goes on with what was rotated since."""
    endpoint = Endpoint()
    async with manager(endpoint, MemoryStore(OLD)) as tokens:
        await tokens.access_token()
    assert endpoint.shown == ["refresh-0"]


async def test_a_new_token_in_the_environment_wins_over_the_store() -> None:
    """Somebody gave the company a new connection, even if the old access token would still do."""
    store, endpoint = MemoryStore(valid_tokens()), Endpoint()
    async with manager(endpoint, store, seed="another") as tokens:
        assert await tokens.access_token() == "access-1"
        assert await tokens.access_token() == "access-1"
    assert endpoint.shown == ["another"]
    assert [saved.seed for saved in store.saved] == [fingerprint("another")]


async def test_without_any_token_a_person_must_connect() -> None:
    """No request is made for nothing."""
    endpoint = Endpoint()
    async with manager(endpoint, MemoryStore(), seed=None) as tokens:
        with pytest.raises(Unauthorised, match="must be connected again"):
            await tokens.access_token()
    assert endpoint.requests == []


async def test_invalid_grant_is_believed_after_a_second_look() -> None:
    """A peer may have rotated the token meanwhile: the store's newer one is tried once."""
    store = MemoryStore(OLD)

    def rotate(_: httpx.Request) -> httpx.Response:
        store.tokens = valid_tokens(refresh_token="rotated", access_token="stale", access_expires_at=START)
        return denied()

    endpoint = Endpoint(rotate, numbered_tokens())
    async with manager(endpoint, store) as tokens:
        assert await tokens.access_token() == "access-1"
    assert endpoint.shown == ["refresh-0", "rotated"]


async def test_a_dead_connection_is_not_hammered_and_revives_with_connect() -> None:
    """After invalid_grant nothing is sent until the store holds another token."""
    store, endpoint = MemoryStore(OLD), Endpoint(denied())
    async with manager(endpoint, store) as tokens:
        for _ in range(3):
            with pytest.raises(Unauthorised, match="must be connected again"):
                await tokens.access_token()
        assert endpoint.shown == ["refresh-0", "seed"]
        store.tokens = valid_tokens(access_token="connected", refresh_token="by-hand")
        assert await tokens.access_token() == "connected"


async def test_a_dead_token_in_the_environment_does_not_hide_the_store() -> None:
    """`connect` was used after the environment's token had died; the next start tries both."""
    store, endpoint = MemoryStore(valid_tokens(seed=None)), Endpoint(denied(), numbered_tokens())
    async with manager(endpoint, store) as tokens:
        assert await tokens.access_token() == "access-1"
    assert endpoint.shown == ["seed", "refresh-0"]


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client"])
async def test_a_refused_app_needs_a_person_too(error: str) -> None:
    """A wrong secret is no outage."""
    async with manager(Endpoint(denied(error, 401)), MemoryStore(OLD), seed=None) as tokens:
        with pytest.raises(Unauthorised, match=error):
            await tokens.renewed("access-0")


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectTimeout("slow"),
        httpx.Response(503, content=b"<html>"),
        httpx.Response(429, content=b""),
        httpx.Response(401, content=b"<html>"),
        httpx.Response(200, content=b'{"access_token":'),
        httpx.Response(200, json={"access_token": "only"}),
    ],
    ids=["timeout", "503", "429", "401 in HTML", "cut off", "half"],
)
async def test_a_silent_endpoint_is_an_outage(trouble: httpx.Response | Exception) -> None:
    """Tried again with the same refresh token, a few times; then the company waits, and is not disconnected."""
    clock = ManualClock()
    endpoint = Endpoint(trouble)
    async with manager(endpoint, MemoryStore(OLD), clock=clock) as tokens:
        await clock.advance(4 * 60)
        with pytest.raises(Unavailable) as raised:
            await tokens.access_token()
        assert not isinstance(raised.value, Unauthorised)
    assert endpoint.shown == ["refresh-0"] * 3
    assert clock.slept == [0.5, 1.0]


async def test_a_silent_endpoint_is_left_alone_by_all_who_wait() -> None:
    """Ten calls that need a token make one round of attempts, not ten; then it is tried again."""
    clock, endpoint = ManualClock(), Endpoint(httpx.Response(503, headers={"Retry-After": "20"}))
    async with manager(endpoint, MemoryStore(replace(OLD, access_token=None)), clock=clock) as tokens:
        found = await asyncio.gather(*(tokens.access_token() for _ in range(10)), return_exceptions=True)
        assert [error.retry_after_s for error in found if isinstance(error, Unavailable)] == [20.0] * 10
        assert len(endpoint.requests) == 3
        await clock.advance(20)
        with pytest.raises(Unavailable):
            await tokens.access_token()
    assert len(endpoint.requests) == 6


async def test_a_store_that_breaks_later_is_an_outage() -> None:
    """At the start it is the operator's mistake; in the middle of the work the company waits for it."""

    class Breaking(MemoryStore):
        broken = True

        async def load(self, realm_id: str) -> Tokens | None:
            if self.broken:
                raise ConfigurationError("the token store tokens.enc cannot be read: Permission denied")
            return await super().load(realm_id)

    store, clock = Breaking(valid_tokens()), ManualClock()
    async with manager(Endpoint(), store, clock=clock) as tokens:
        with pytest.raises(ConfigurationError):
            await tokens.access_token()
        store.broken = False
        assert await tokens.access_token() == "access-0"
        store.broken = True
        with pytest.raises(Unavailable, match="Permission denied"):
            await tokens.renewed("access-0")


async def test_a_new_process_uses_the_last_minutes_too() -> None:
    """The store's token has four minutes left and the endpoint is silent: four minutes of work."""
    async with manager(Endpoint(httpx.Response(503)), MemoryStore(OLD)) as tokens:
        assert await tokens.access_token() == "access-0"


async def test_an_early_renewal_that_fails_does_no_harm() -> None:
    """The old token works for its last five minutes."""
    clock, endpoint = ManualClock(), Endpoint(httpx.Response(503))
    async with manager(endpoint, MemoryStore(valid_tokens()), clock=clock) as tokens:
        assert await tokens.access_token() == "access-0"
        await clock.advance(56 * 60)
        assert await tokens.access_token() == "access-0"
        await clock.advance(4 * 60)
        with pytest.raises(Unavailable):
            await tokens.access_token()


async def test_a_refused_token_is_replaced_once_for_all() -> None:
    """A caller whose token was refused takes the one that somebody else has renewed since."""
    endpoint = Endpoint()
    async with manager(endpoint, MemoryStore(valid_tokens())) as tokens:
        assert await tokens.access_token() == "access-0"
        assert await tokens.renewed("access-0") == "access-1"
        assert await tokens.renewed("access-0") == "access-1"
    assert len(endpoint.requests) == 1


async def test_a_peers_refresh_is_taken_from_the_store() -> None:
    """Another process refreshed first: its tokens are used, not a second refresh."""
    store, endpoint = MemoryStore(valid_tokens()), Endpoint()
    async with manager(endpoint, store) as tokens:
        assert await tokens.access_token() == "access-0"
        store.tokens = valid_tokens(access_token="peer", refresh_token="peer-refresh")
        assert await tokens.renewed("access-0") == "peer"
    assert endpoint.requests == []


async def test_an_owner_that_was_frozen_does_not_overwrite_newer_tokens() -> None:
    """While our refresh was under way somebody took over and refreshed: theirs stay."""
    store = MemoryStore(OLD)
    newer = valid_tokens(access_token="newer", refresh_token="newer-refresh")

    def freeze(request: httpx.Request) -> httpx.Response:
        store.tokens = newer
        return numbered_tokens()(request)

    async with manager(Endpoint(freeze), store) as tokens:
        assert await tokens.access_token() == "newer"
    assert store.tokens == newer


async def test_errors_tell_no_secret() -> None:
    """Neither the refresh token nor the secret is in what is raised."""
    for answer in (denied(), httpx.Response(503)):
        async with manager(Endpoint(answer), MemoryStore(OLD), seed=None) as tokens:
            with pytest.raises(Unavailable) as raised:
                await tokens.renewed("access-0")
            for secret in ("refresh-0", "access-0", "app-secret"):
                assert secret not in str(raised.value)
    assert REALM in str(raised.value) or "endpoint" in str(raised.value)
