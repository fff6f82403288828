"""From settings to connections: how to reach a company at Intuit, and where its tokens live."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from bridge.clock import Clock, SystemClock
from bridge.config.environment import environment_name
from bridge.config.settings import CompanySettings, Settings, TokenSettings
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.token_topic import KafkaTokenStore
from bridge.quickbooks.auth import Credentials
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.connection import ConnectionSettings, open_client
from bridge.quickbooks.limiter import Limits, Priority
from bridge.quickbooks.token_file import FileTokenStore
from bridge.quickbooks.tokens import TokenStore, token_key
from bridge.service.reads import counting_reads
from bridge.service.settings import kafka_connection
from contracts.errors import ConfigurationError
from contracts.marker_seal import MarkerSeal, marker_key

NO_KEY = (
    "tokens.key: expected url-safe base64 of 32 bytes in QBO_BRIDGE_TOKENS__KEY; `qbo-bridge keygen` prints a new one"
)


def token_store(tokens: TokenSettings, kafka: KafkaConnection, clock: Clock) -> TokenStore:
    """Where the tokens of all companies live. ConfigurationError without the key that seals them."""
    if tokens.key is None:
        raise ConfigurationError(f"{NO_KEY}.")
    key = token_key(tokens.key.get_secret_value())
    former = [token_key(each.get_secret_value()) for each in tokens.former_keys]
    if tokens.store == "kafka":
        return KafkaTokenStore(tokens.topic, key, kafka, clock, former=former)
    return FileTokenStore(tokens.path, key, clock, former=former)


@contextlib.asynccontextmanager
async def open_reader(settings: Settings, company: CompanySettings) -> AsyncIterator[QuickBooksClient]:
    """A client for a command that only reads the books, at the lowest priority; its reads count for the month.

    ConfigurationError without the app's secret or the key of the tokens.
    """
    kafka, clock = kafka_connection(settings.kafka), SystemClock()
    connection, store = connection_settings(company), token_store(settings.tokens, kafka, clock)
    async with (
        open_client(connection, store, clock, priority=Priority.HOUSEKEEPING) as client,
        counting_reads(settings, kafka, company.name, client),
    ):
        yield client


def marker_seal(settings: Settings, company: CompanySettings) -> MarkerSeal:
    """What signs the company's markers and tells them from a stranger's text: the tokens' key, or the markers' own.

    Former keys of the tokens are believed still. ConfigurationError with neither.
    """
    tokens, own = settings.tokens, settings.markers.key
    named = [each for each in (tokens.key, *tokens.former_keys) if each is not None]
    keys = [marker_key(token_key(each.get_secret_value())) for each in named]
    keys += [token_key(own.get_secret_value())] if own is not None else []
    if not keys:
        raise ConfigurationError(f"{NO_KEY} (or the markers' own key in QBO_BRIDGE_MARKERS__KEY).")
    return MarkerSeal(company.realm_id, tuple(dict.fromkeys(keys)))


def connection_settings(company: CompanySettings) -> ConnectionSettings:
    """How to reach the company at Intuit. ConfigurationError without the app's secret."""
    limits = company.limits
    secret, refresh = company.client_secret, company.refresh_token
    if secret is None:
        raise ConfigurationError(
            f"companies.{company.name}.client_secret: expected in the environment, "
            f"as QBO_BRIDGE_COMPANIES__{environment_name(company.name)}__CLIENT_SECRET."
        )
    return ConnectionSettings(
        credentials=Credentials(
            realm_id=company.realm_id,
            client_id=company.client_id,
            client_secret=secret.get_secret_value(),
            refresh_token=refresh.get_secret_value() if refresh else None,
            token_url=company.token_endpoint,
            name=f"{company.realm_id} at {company.token_url}" if company.token_url else None,
        ),
        base_url=company.base_url,
        limits=Limits(
            requests_per_minute=limits.requests_per_minute,
            requests_per_second=limits.requests_per_second,
            concurrent_requests=limits.concurrent_requests,
            batches_per_minute=limits.batches_per_minute,
            batch_items=limits.batch_items,
        ),
        read_timeout_s=company.request_timeout_s,
    )
