"""Wiring of one company's client: HTTP, limits, tokens and the client itself, opened and closed together."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from bridge.clock import Clock
from bridge.quickbooks.auth import Credentials, TokenManager
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.limiter import Limiter, Limits, Priority
from bridge.quickbooks.retry import RetryingSender
from bridge.quickbooks.retry_policy import RetryPolicy
from bridge.quickbooks.tokens import TokenStore

HOSTS = {
    "production": "https://quickbooks.api.intuit.com",
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
}
"""API hosts by environment (Intuit)."""

READ_TIMEOUT_S = 150.0
"""Longer than the 120 s that QBO gives itself: an answer that is still coming is not given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """How to reach one company; the timeouts are seconds."""

    credentials: Credentials
    base_url: str = HOSTS["sandbox"]
    limits: Limits = field(default_factory=Limits)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    read_timeout_s: float = READ_TIMEOUT_S
    connect_timeout_s: float = 10.0


@contextlib.asynccontextmanager
async def open_client(
    settings: ConnectionSettings,
    store: TokenStore,
    clock: Clock,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    jitter: Callable[[], float] | None = None,
    priority: Priority = Priority.LIVE,
    watch: Callable[[httpx.AsyncClient], None] | None = None,
) -> AsyncIterator[QuickBooksClient]:
    """A client that works until the block ends; none of its calls goes before those of a higher `priority`.

    `transport` replaces the network; `jitter` gives numbers in 0..1; `watch` sees what goes over HTTP, tokens too.
    """
    chance = jitter or random.SystemRandom().random
    async with _http(settings, transport) as http:
        if watch is not None:
            watch(http)
        limiter = Limiter(settings.limits, clock)
        tokens = TokenManager(settings.credentials, store, http, clock, policy=settings.policy, jitter=chance)
        realm_id = settings.credentials.realm_id
        sender = RetryingSender(
            realm_id,
            limiter=limiter,
            tokens=tokens,
            clock=clock,
            policy=settings.policy,
            jitter=chance,
            highest=priority,
        )
        yield QuickBooksClient(realm_id=realm_id, base_url=settings.base_url, http=http, sender=sender)


def _http(settings: ConnectionSettings, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    # httpx logs every URL, and the text of a query holds names: see it only when something is wrong.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    connections = settings.limits.concurrent_requests + 1  # one more for the token endpoint
    return httpx.AsyncClient(
        transport=transport,
        timeout=httpx.Timeout(settings.read_timeout_s, connect=settings.connect_timeout_s),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        trust_env=not is_local(settings.base_url),
    )


def is_local(url: str) -> bool:
    """True for this machine: a proxy from the environment has no business there."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
