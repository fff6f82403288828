"""`qbo-bridge doctor` as a process: against a real broker, with and without rights, and the sandbox's books."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from bridge.commands.doctor.bus import examine_routes
from bridge.config.settings import CompanySettings
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.topics import create_missing, log_topic
from contracts.records import OutboundRecord
from tests.support.kafka.cluster import KafkaCluster
from tests.support.kafka.secured import GUEST, GUEST_PASSWORD
from tests.support.kafka.ways import as_settings, way_in
from tests.support.orders import line, order, shopify_event
from tests.support.processes import sandbox_server
from tests.support.stage import Stage

pytestmark = pytest.mark.kafka


@dataclass(frozen=True)
class Told:
    """How the examination ended, and its lines."""

    code: int
    lines: list[str]

    def problems(self) -> list[str]:
        """The lines that say problem, their spaces folded."""
        return [" ".join(line.split()) for line in self.lines if line.startswith("problem")]


async def said(stage: Stage, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command with this stage's configuration."""
    command = [sys.executable, "-m", "bridge.cli.app", "doctor", *options, "--config", str(stage.config())]
    return await asyncio.to_thread(
        subprocess.run, command, env=stage.environment() | environ, capture_output=True, text=True, timeout=120
    )


async def examined(stage: Stage, **environ: str) -> Told:
    """The examination."""
    ran = await said(stage, **environ)
    assert "Traceback" not in ran.stderr, ran.stderr
    assert ran.stderr == ""
    return Told(ran.returncode, ran.stdout.splitlines())


def with_rules(stage: Stage, text: str) -> dict[str, str]:
    path = stage.folder / f"{len(text)}.rules.toml"
    path.write_text(text)
    return {f"QBO_BRIDGE_COMPANIES__{stage.company.upper().replace('-', '_')}__RULES": str(path)}


@pytest_asyncio.fixture
async def stage(real: KafkaConnection, unique: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with sandbox_server(tmp_path) as url:
        stage = Stage.of(real, url, tmp_path, unique)
        await stage.create_topics()
        yield stage


async def test_a_company_where_all_is_well_has_no_problem(stage: Stage) -> None:
    """The sample company with the default rules: exit 0, and a line for each thing.

    It has no account for bad debts, which only an uncollectible invoice of Stripe would need: that is a note.
    """
    told = await examined(stage)
    assert (told.problems(), told.code) == ([], 0)
    assert [line.split()[2] for line in told.lines if line.startswith("note")] == ["accounts.bad_debts"]
    shown = "\n".join(told.lines)
    for about in (
        "Kafka",
        "topic qbo.journal",
        "topic qbo.ids",
        "group",
        "transactions",
        "connection",
        "accounts.sales",
        "items",
        "sales tax",
    ):
        assert about in shown, about


async def test_a_company_that_lists_no_shop_and_no_account_is_told(stage: Stage) -> None:
    """Alone it still gets bodies that name no shop, so it is a note. Guard: `examine_routes`."""
    company = f"QBO_BRIDGE_COMPANIES__{stage.company.upper().replace('-', '_')}__"
    told = await examined(stage, **{f"{company}SHOP_DOMAINS": "[]", f"{company}STRIPE_ACCOUNTS": "[]"})
    assert (told.problems(), told.code) == ([], 0)
    notes = [" ".join(line.split()) for line in told.lines if line.startswith("note")]
    said = "events no shop and no Stripe account is listed: only bodies that name no shop come here"
    assert any(said in note for note in notes)


@pytest.mark.parametrize(("shops", "said"), [([], "no event comes here"), (["b.myshopify.com"], "of b.myshopify.com")])
def test_one_of_several_companies_without_a_route_is_a_problem(shops: list[str], said: str) -> None:
    """Nothing ever comes to it. Guard: `is_only` of `examine_routes`."""
    company = CompanySettings(
        name="beta", realm_id="1", environment="sandbox", client_id="c", shop_domains=tuple(shops)
    )
    finding = examine_routes(company, is_only=False)
    assert said in finding.said
    assert finding.is_problem is not bool(shops)


async def test_rules_that_do_not_fit_the_books_are_listed_with_their_remedies(stage: Stage) -> None:
    """Accounts that are not there or of a wrong type, a method, a tax code, a rate without multicurrency."""
    rules = """
create_accounts = false
[accounts]
deposit = "No such bank"
sales = { sub_type = "Checking" }
[gateways.paypal]
method = "Shells"
[tax.codes]
"VAT" = "No such code"
[exchange_rates]
EUR = "1.08"
"""
    told = await examined(stage, **with_rules(stage, rules))
    problems = "\n".join(told.problems())
    assert told.code == 1
    for words in (
        'accounts.deposit the company has no active account named "No such bank" set the rule accounts.deposit',
        "accounts.sales",
        "is of a type that QuickBooks refuses here name an account of type Income or Other Income",
        "accounts.tips no account for tips set accounts.tips, or create_accounts = true",
        'gateways.paypal.method payment method "Shells" does not exist',
        'tax.codes.VAT tax code "No such code"',
        "currency multicurrency is off, and exchange_rates names EUR",
    ):
        assert words in problems, words
    assert told.lines[-1].endswith(f"{len(told.problems())} problems.")


async def test_preferences_that_would_refuse_orders_are_problems(stage: Stage) -> None:
    """Discounts off on sales forms, an income account that was made inactive under its items."""
    with stage._qbo() as qbo:
        preferences = qbo.get("preferences").json()["Preferences"]
        sales = preferences["SalesFormsPrefs"] | {"AllowDiscount": False}
        qbo.post("preferences", json=preferences | {"SalesFormsPrefs": sales}).raise_for_status()
    told = await examined(stage)
    assert told.code == 1
    (problem,) = told.problems()
    assert "discounts on sales forms are off: an order with a discount is a dead letter switch discounts on" in problem


async def test_a_dead_connection_names_the_command_that_mends_it(stage: Stage) -> None:
    """The grant was revoked by the company's owner."""
    body = {"token": "sandbox-refresh-token"}
    revoke = f"{stage.sandbox_url}/v2/oauth2/tokens/revoke"
    async with httpx.AsyncClient(auth=("sandbox-client", "sandbox-secret"), trust_env=False) as person:
        (await person.post(revoke, json=body)).raise_for_status()
    told = await examined(stage)
    (problem,) = told.problems()
    assert "must be connected again" in problem
    assert f"qbo-bridge connect {stage.company}" in problem


async def test_a_wrong_secret_and_a_missing_one_are_told_apart(stage: Stage) -> None:
    """One is refused by Intuit, the other never left the house."""
    secret = f"QBO_BRIDGE_COMPANIES__{stage.company.upper().replace('-', '_')}__CLIENT_SECRET"
    (refused,) = (await examined(stage, **{secret: "wrong-one"})).problems()
    assert "invalid_client" in refused
    assert "wrong-one" not in refused


async def test_a_broker_that_is_away_is_one_problem(stage: Stage) -> None:
    """The companies are looked at all the same."""
    told = await examined(stage, QBO_BRIDGE_KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:1")
    (problem,) = told.problems()
    assert "127.0.0.1:1: nothing listens there" in problem
    assert any("accounts.sales" in line for line in told.lines)


async def test_topics_that_would_lose_something_are_problems(stage: Stage, real: KafkaConnection, unique: str) -> None:
    """A journal that is not compacted forgets requests after its retention; a topic that nobody creates is missing."""
    await create_missing(real, [log_topic(f"flat-{unique}")])
    told = await examined(
        stage,
        QBO_BRIDGE_TOPICS__JOURNAL=f"flat-{unique}",
        QBO_BRIDGE_TOPICS__RESULTS=f"absent-{unique}",
        QBO_BRIDGE_TOPICS__CREATE="false",
    )
    problems = "\n".join(told.problems())
    assert f"topic flat-{unique} cleanup.policy is delete: entries would be lost set cleanup.policy=compact" in problems
    assert f"topic absent-{unique} does not exist create it, or set topics.create = true" in problems
    assert len(told.problems()) == 2


async def test_missing_rights_are_named_one_by_one(secure_broker: KafkaCluster, unique: str, tmp_path: Path) -> None:
    """A user without any: topics, group and transactional id, each with what to allow. Guard: the asked rights."""
    rightful = way_in(secure_broker, "SASL_SSL")
    guest = replace(rightful, sasl_plain_username=GUEST, sasl_plain_password=GUEST_PASSWORD)
    async with sandbox_server(tmp_path) as url:
        stage = Stage.of(rightful, url, tmp_path, unique)
        await stage.create_topics()
        allowed = await examined(stage, **as_settings(rightful))
        told = await examined(stage, **as_settings(guest))
    assert allowed.problems() == []
    problems = "\n".join(told.problems())
    assert f"topic shopify.events.{unique} the broker refuses: TOPIC_AUTHORIZATION_FAILED" in problems
    assert f"allow READ on group qbo-bridge.{stage.company}" in problems
    assert f"allow WRITE on transactional id qbo-bridge.{stage.company}" in problems
    assert GUEST_PASSWORD not in "\n".join(told.lines)


async def test_what_was_open_at_the_start_is_added_up_from_the_topics(stage: Stage) -> None:
    """One unpaid order of the day before; without a start in the rules it says which key is missing."""
    placed = "2026-10-31T12:00:00+00:00"
    body = order(
        [line("42.90")],
        created_at=placed,
        processed_at=placed,
        updated_at=placed,
        financial_status="pending",
        total_outstanding="42.90",
    )
    event = shopify_event("orders/create", body)
    await stage.produce([OutboundRecord(topic="shopify.events", key=None, value=json.dumps(event).encode())])
    started = await said(stage, "--start", **with_rules(stage, "books_start = 2026-11-01"))
    assert started.returncode == 0, started.stderr
    assert re.search(r"receivables +USD +42\.90 +1 sales not paid in full", started.stdout)
    assert re.search(r"gift_cards +unknown", started.stdout)
    lost = await said(stage, "--start")
    assert (lost.returncode, "set books_start first" in lost.stderr) == (1, True)
    alone = await said(stage, "--company", stage.company)
    assert (alone.returncode, "belong to --start" in alone.stderr) == (2, True)
