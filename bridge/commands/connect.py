"""`qbo-bridge connect`: one person's consent in the browser becomes the tokens of one company."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import webbrowser
from dataclasses import dataclass, replace

import orjson

from bridge.clock import SystemClock
from bridge.commands.output import answer
from bridge.config.settings import CompanySettings, Settings
from bridge.kafka.topics import create_missing
from bridge.quickbooks.auth import Credentials
from bridge.quickbooks.consent import ConsentListener, NotConnected, authorise_url, exchange_code, new_state
from bridge.quickbooks.tokens import TokenStore, fingerprint
from bridge.service.app import topics_to_create
from bridge.service.connections import connection_settings, token_store
from bridge.service.settings import kafka_connection


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOptions:
    """How the browser is reached and comes back; `redirect_uri` where a proxy stands before the listener."""

    port: int
    browser: bool
    timeout_s: float
    redirect_uri: str | None = None
    as_json: bool = False
    """The address to open is one JSON document, and that it is connected another."""


def connect_company(settings: Settings, company: CompanySettings, options: ConnectOptions) -> None:
    """Ask for consent, exchange the code, store the tokens. BridgeError, and nothing stored, when that fails."""
    credentials = connection_settings(company).credentials
    store = token_store(settings.tokens, kafka_connection(settings.kafka), SystemClock())
    asyncio.run(_check_store(settings, store, credentials))  # before somebody clicks for nothing
    state = new_state()
    with ConsentListener(options.port, state) as listener:
        redirect_uri = options.redirect_uri or listener.redirect_uri
        url = authorise_url(company.token_url, client_id=company.client_id, redirect_uri=redirect_uri, state=state)
        _show(url, redirect_uri, options)
        consent = listener.wait(options.timeout_s)
    if consent.realm_id != company.realm_id:
        raise NotConnected(
            f"the company that was chosen in the browser has the realm id {consent.realm_id or '(none)'}, "
            f"companies.{company.name}.realm_id is {company.realm_id}: nothing was stored"
        )
    asyncio.run(_exchange(store, credentials, consent.code, redirect_uri))
    answer(
        {"company": company.name, "realm_id": company.realm_id, "connected": True},
        f"{company.name} (realm {company.realm_id}) is connected; a service that waits for it goes on within a minute. "
        "Check the rest with: qbo-bridge doctor",
        as_json=options.as_json,
    )


async def _check_store(settings: Settings, store: TokenStore, credentials: Credentials) -> None:
    if settings.tokens.store == "kafka":
        wanted = [topic for topic in topics_to_create(settings) if topic.name == settings.tokens.topic]
        await create_missing(kafka_connection(settings.kafka), wanted)
    await store.load(credentials.store_key)


async def _exchange(store: TokenStore, credentials: Credentials, code: str, redirect_uri: str) -> None:
    tokens = await exchange_code(credentials, code, redirect_uri, SystemClock().now())
    given = credentials.refresh_token
    await store.save(credentials.store_key, replace(tokens, seed=fingerprint(given) if given else None))


def _show(url: str, redirect_uri: str, options: ConnectOptions) -> None:
    opened = False
    if options.browser:
        with contextlib.suppress(webbrowser.Error):
            opened = webbrowser.open(url)
    if options.as_json:
        facts = {"open": url, "redirect_uri": redirect_uri, "opened": opened, "waits_s": options.timeout_s}
        sys.stdout.write(f"{orjson.dumps(facts).decode()}\n")
        sys.stdout.flush()
        return
    said = "A browser was opened; if nothing shows, open this address" if opened else "Open this address in a browser"
    sys.stdout.write(
        f"{said} and connect the company:\n\n{url}\n\n"
        f"Waiting up to {options.timeout_s:.0f} s for the answer at {redirect_uri}, which the app at Intuit must list "
        "as a redirect URI.\n"
    )
    sys.stdout.flush()
