"""The whole examination, in the order in which one thing rests on another.

Writes nothing but a refreshed token and the count of its reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from bridge.books.books import profile_of
from bridge.clock import SystemClock
from bridge.commands.doctor.books import examine_books
from bridge.commands.doctor.bus import examine_rights, examine_routes, examine_topics, wanted_topics
from bridge.commands.doctor.clearing import MOVERS, Clearing, clearing_accounts, examine_clearing
from bridge.commands.doctor.finding import Finding
from bridge.commands.doctor.service import examine_service
from bridge.commands.doctor.thin_events import thin_events
from bridge.config.settings import CompanySettings, Settings
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.errors import BrokerError, said
from bridge.kafka.inspection import inspect_rights, inspect_topics
from bridge.quickbooks.client import QuickBooksClient, ReadRefused
from bridge.quickbooks.connection import open_client
from bridge.quickbooks.queries import Select, where
from bridge.quickbooks.tokens import TokenStore
from bridge.quickbooks.warmup import load_basics
from bridge.service.connections import connection_settings, token_store
from bridge.service.reads import counting_reads
from bridge.service.settings import company_rules, kafka_connection
from contracts.entities import Entity
from contracts.errors import ConfigurationError, Unauthorised, Unavailable
from mappings.rules import MappingRules

KAFKA = "Kafka"


async def examine(settings: Settings) -> list[Finding]:
    """What is right and what is not, Kafka first, then company by company."""
    kafka = kafka_connection(settings.kafka)
    findings = await _examine_kafka(settings, kafka)
    thin = await thin_events(settings) if _reaches_kafka(findings) else []
    for company in settings.companies:
        if _reaches_kafka(findings):
            service = await examine_service(settings, company)
            findings.append(replace(service, about=f"{company.name}: {service.about}"))
        findings += await _examine_company(settings, company, kafka)
    return [*findings, *thin]


def _reaches_kafka(findings: Sequence[Finding]) -> bool:
    return not any(each.about == KAFKA and each.is_problem for each in findings)


async def _examine_kafka(settings: Settings, kafka: KafkaConnection) -> list[Finding]:
    try:
        topics = await inspect_topics(kafka, wanted_topics(settings))
        rights = {company.name: await inspect_rights(kafka, company.name) for company in settings.companies}
    except (BrokerError, OSError) as error:
        reason = said(error) if isinstance(error, BrokerError) else str(error) or "no answer in time"
        return [Finding(KAFKA, reason, "start the brokers, or mend the [kafka] section")]
    findings = [Finding(KAFKA, kafka.bootstrap_servers), *examine_topics(settings, topics)]
    for name, found in rights.items():
        findings += examine_rights(name, kafka.group_id(name), found, transactions=kafka.transactions)
    return findings


async def _examine_company(settings: Settings, company: CompanySettings, kafka: KafkaConnection) -> list[Finding]:
    findings = [examine_routes(company, is_only=len(settings.companies) == 1)]
    try:
        rules = company_rules(company)
        findings.append(Finding("rules", str(company.rules or "defaults")))
        store = token_store(settings.tokens, kafka, SystemClock())
        findings += await _examine_connection(settings, company, store, rules)
    except ConfigurationError as error:
        findings.append(Finding("configuration", str(error), "mend it"))
    except Unauthorised as error:
        findings.append(Finding("connection", str(error), f"qbo-bridge connect {company.name}"))
    except Unavailable as error:
        findings.append(Finding("connection", str(error), "try again later; the service would wait for it"))
    except ReadRefused as error:
        remedy = f"check that environment is {company.environment} and that the app may read this company"
        findings.append(Finding("connection", str(error), remedy))
    return [replace(each, about=f"{company.name}: {each.about}", company=company.name) for each in findings]


async def _examine_connection(
    settings: Settings, company: CompanySettings, store: TokenStore, rules: MappingRules
) -> list[Finding]:
    intuit = connection_settings(company)
    today = SystemClock().now().date()
    async with (
        open_client(intuit, store, SystemClock()) as client,
        counting_reads(settings, kafka_connection(settings.kafka), company.name, client),
    ):
        basics = await load_basics(client, rules.lists)
        profile = profile_of(basics)
        items = await _items(client)
        cleared = await _examine_clearing(client, company, clearing_accounts(rules, profile, basics.accounts), today)
    tokens = await store.load(intuit.credentials.store_key)
    until = tokens.refresh_expires_at if tokens else None
    connected = f"realm {company.realm_id}" + (f", good until {until:%Y-%m-%d} if unused" if until else "")
    return [Finding("connection", connected), *examine_books(rules, profile, items), *cleared]


async def _examine_clearing(
    client: QuickBooksClient, company: CompanySettings, accounts: Sequence[Clearing], today: date
) -> list[Finding]:
    """What is open in the clearing accounts; nothing is read while nothing lies in them."""
    since = today - timedelta(days=company.index_days)
    used = any(each.balance for each in accounts)
    rows = {entity: await client.query(_since(entity, since)) for entity in MOVERS} if used else {}
    return [finding for each in accounts for finding in examine_clearing(each, rows, since, today)]


def _since(entity: str, day: date) -> Select:
    return Select(entity, conditions=(where("TxnDate", ">=", day.isoformat()),))


async def _items(client: QuickBooksClient) -> list[Entity]:
    return list(await client.query(Select("Item")))
