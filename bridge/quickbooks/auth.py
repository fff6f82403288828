"""One company's way to an access token: one refresh at a time, the newest refresh token never lost.

The order is the whole point. Under the store's lock: read the store again (a peer may have refreshed), refresh, keep
the answer for good, and only then use it. `invalid_grant` is believed after the store was read once more; from then
on nothing is sent until a person has connected the company again, which the next look into the store will show.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import httpx
import structlog

from bridge.clock import Clock
from bridge.quickbooks import faults
from bridge.quickbooks.fault_codes import Action
from bridge.quickbooks.faults import Fault
from bridge.quickbooks.retry_policy import RetryPolicy, backoff_s
from bridge.quickbooks.tokens import Overtaken, Tokens, TokenStore, fingerprint
from contracts.entities import number
from contracts.errors import ConfigurationError, Unauthorised, Unavailable

TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 - an address
REFRESH_BEFORE = timedelta(minutes=5)
"""An access token is renewed this long before its hour ends."""

_ENDPOINT_REST_S = 15.0
"""How long a token endpoint that gave nothing is left alone by all who wait for it."""
_ENDPOINT_TIMEOUT_S = 30.0
_CANCEL_GRACE_S = 10.0
"""How long a cancelled caller waits for a renewal that is under way; draining has 30 s."""
_STORE_RETRY_S = 30.0
_OVERTAKEN_RETRY_S = 1.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the company's app is to the token endpoint. `refresh_token` is the first one, from the environment."""

    realm_id: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    token_url: str = TOKEN_URL

    name: str | None = None

    @property
    def store_key(self) -> str:
        """Where the store keeps the tokens: under `name`, else by realm."""
        return self.name or self.realm_id


async def request_tokens(
    http: httpx.AsyncClient, credentials: Credentials, grant: dict[str, str], now: datetime
) -> Tokens | Fault:
    """Ask the token endpoint once; `grant` is the form (`grant_type` and what belongs to it).

    A fault when it refuses, or when what comes back is no whole answer: then the grant may have been used.
    """
    auth = httpx.BasicAuth(credentials.client_id, credentials.client_secret)
    try:
        reply = await http.post(
            credentials.token_url,
            data=grant,
            auth=auth,
            headers={"Accept": "application/json"},
            timeout=_ENDPOINT_TIMEOUT_S,
        )
    except httpx.RequestError as error:
        return Fault(code=faults.NO_ANSWER, message=type(error).__name__)
    read = faults.read(
        reply.content,
        http_status=reply.status_code,
        intuit_tid=reply.headers.get("intuit_tid"),
        retry_after_s=faults.retry_after_s(reply.headers),
    )
    return read if isinstance(read, Fault) else _tokens(read, now)


class TokenManager:
    """Hands out access tokens of one company, and renews them."""

    def __init__(
        self,
        credentials: Credentials,
        store: TokenStore,
        http: httpx.AsyncClient,
        clock: Clock,
        *,
        policy: RetryPolicy,
        jitter: Callable[[], float],
    ) -> None:
        self._credentials = credentials
        self._store = store
        self._http = http
        self._clock = clock
        self._policy = policy
        self._jitter = jitter
        self._lock = asyncio.Lock()
        self._tokens: Tokens | None = None
        self._unsaved: tuple[Tokens | None, Tokens] | None = None
        self._dead: set[str] = set()
        self._rest_until = 0.0
        self._store_worked = False

    async def access_token(self) -> str:
        """An access token with minutes left. Unauthorised when a person must connect; Unavailable for the rest."""
        if (token := self._good_for(self._tokens, REFRESH_BEFORE)) is not None:
            return token
        async with self._lock:
            if (token := self._good_for(self._tokens, REFRESH_BEFORE)) is not None:
                return token
            try:
                return await self._finished(refused=None)
            except Unauthorised:
                raise
            except Unavailable:
                if self._unsaved is None and (token := self._good_for(self._tokens, timedelta(0))) is not None:
                    return token  # renewal was early; the old one still works
                raise

    async def renewed(self, refused: str) -> str:
        """Another access token than `refused`, which QBO did not take."""
        async with self._lock:
            token = self._good_for(self._tokens, REFRESH_BEFORE)
            return token if token not in (None, refused) else await self._finished(refused=refused)

    def forget(self) -> None:
        """QBO does not know these tokens' connection: the next call looks into the store, where a new one may be."""
        self._tokens = None

    async def _finished(self, *, refused: str | None) -> str:
        """A renewal that has begun is finished although its caller is cancelled: what it brings may be the only key."""
        renewal = asyncio.ensure_future(self._renew(refused=refused))
        try:
            return await asyncio.shield(renewal)
        except asyncio.CancelledError:
            await asyncio.wait({renewal}, timeout=_CANCEL_GRACE_S)
            if not renewal.cancel():
                renewal.exception()
            raise

    async def _renew(self, *, refused: str | None) -> str:
        """A token that is not `refused`. A store that worked before and does not now is an outage, not a mistake."""
        try:
            async with self._store.exclusive(self._credentials.store_key):
                return await self._renewed_under_lock(refused)
        except ConfigurationError as error:
            if not self._store_worked:
                raise
            raise Unavailable(str(error), retry_after_s=_STORE_RETRY_S) from error

    async def _renewed_under_lock(self, refused: str | None) -> str:
        if self._unsaved is not None:
            return await self._keep(*self._unsaved)
        stored = await self._store.load(self._credentials.store_key)
        self._store_worked = True
        if stored is not None and not self._is_reseeded(stored):
            if self._good_for(stored, REFRESH_BEFORE) not in (None, refused):
                return self._use(stored)
            self._tokens = self._tokens or stored
        return await self._keep(*await self._refreshed(stored))

    def _is_reseeded(self, stored: Tokens) -> bool:
        """True when the environment brings a refresh token that the store does not know, and that is not dead."""
        given = self._credentials.refresh_token
        return bool(given) and given not in self._dead and stored.seed != fingerprint(given or "")

    def _start(self, stored: Tokens | None) -> Tokens | None:
        """The tokens to refresh from: the store's, unless the environment's are new to it or all that is left."""
        given = self._credentials.refresh_token
        usable = None if stored is None or stored.refresh_token in self._dead else stored
        if given and given not in self._dead and (usable is None or self._is_reseeded(usable)):
            return Tokens(refresh_token=given, seed=fingerprint(given))
        return usable

    async def _refreshed(self, stored: Tokens | None) -> tuple[Tokens | None, Tokens]:
        """What the store held and the new tokens; a refused one is given up after the store was read once more."""
        reason = "there is no refresh token that works"
        for attempt in range(3):  # the environment's, the store's, and what a peer has put there meanwhile
            current = stored if attempt == 0 else await self._store.load(self._credentials.store_key)
            if (tokens := self._start(current)) is None:
                break
            answer = await self._ask(tokens)
            if isinstance(answer, Tokens):
                return current, replace(answer, seed=tokens.seed)
            self._dead.add(tokens.refresh_token)
            reason = faults.describe(answer)
        self._tokens = None
        raise Unauthorised(f"company {self._credentials.realm_id} must be connected again: {reason}")

    async def _ask(self, tokens: Tokens) -> Tokens | Fault:
        """New tokens, or the fault that says the grant is dead; anything else is tried again, then Unavailable."""
        if (left := self._rest_until - self._clock.monotonic()) > 0:
            raise Unavailable("the token endpoint gave no tokens a moment ago", retry_after_s=left)
        grant = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        attempt = 1
        while True:
            answer = await request_tokens(self._http, self._credentials, grant, self._clock.now())
            if isinstance(answer, Tokens) or faults.classify(answer).action is Action.RECONNECT:
                return answer
            if attempt == self._policy.attempts_max:
                rest = max(_ENDPOINT_REST_S, answer.retry_after_s or 0.0)
                self._rest_until = self._clock.monotonic() + rest
                raise Unavailable(f"the token endpoint gives no tokens: {faults.describe(answer)}", retry_after_s=rest)
            await self._clock.sleep(backoff_s(self._policy, attempt, self._jitter()))
            attempt += 1

    async def _keep(self, old: Tokens | None, new: Tokens) -> str:
        """Save, then use. While the store cannot be written the tokens wait here and nothing is sent with them."""
        # because Intuit has ended the old refresh token: used unsaved, the new one would die with this process, and
        # a person would have to connect the company again
        self._unsaved = (old, new)
        try:
            await self._store.supersede(self._credentials.store_key, old, new)
        except Overtaken as error:
            # because somebody went on while we were frozen or cut off, their tokens are the living ones
            log.info("qbo.tokens_overtaken", realm_id=self._credentials.realm_id)
            newest = await self._store.load(self._credentials.store_key)
            self._unsaved = self._tokens = None
            if newest is not None and self._good_for(newest, REFRESH_BEFORE):
                return self._use(newest)
            raise Unavailable(str(error), retry_after_s=_OVERTAKEN_RETRY_S) from error
        except (ConfigurationError, Unavailable) as error:
            log.warning("qbo.tokens_unsaved", realm_id=self._credentials.realm_id, reason=str(error))
            raise Unavailable(str(error), retry_after_s=_STORE_RETRY_S) from error
        self._unsaved = None
        log.debug("qbo.token_refreshed", realm_id=self._credentials.realm_id)
        return self._use(new)

    def _use(self, tokens: Tokens) -> str:
        self._tokens = tokens
        return tokens.access_token or ""

    def _good_for(self, tokens: Tokens | None, spare: timedelta) -> str | None:
        if tokens is None or tokens.access_token is None or tokens.access_expires_at is None:
            return None
        return tokens.access_token if self._clock.now() + spare < tokens.access_expires_at else None


def _tokens(body: dict[str, object], now: datetime) -> Tokens | Fault:
    access, refresh = body.get("access_token"), body.get("refresh_token")
    if not isinstance(access, str) or not isinstance(refresh, str):
        return Fault(code=faults.UNREADABLE, http_status=200)
    return Tokens(
        access_token=access,
        refresh_token=refresh,
        access_expires_at=_after(now, body.get("expires_in")),
        refresh_expires_at=_after(now, body.get("x_refresh_token_expires_in")),
    )


def _after(now: datetime, seconds: object) -> datetime | None:
    found = number(seconds)
    return now + timedelta(seconds=int(found)) if found is not None else None
