"""An installation for scenarios: one file for some companies, topics of its own on a broker, and the sandbox it asks.

Names carry a suffix, so that installations share a broker.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from bridge.demo.events import EventMix, EventSettings, Sample, generate
from bridge.demo.samples.stories import StoryMix
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.topics import create_missing, log_topic, table_topic

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
REALM = "9130000000000001"
WIDE = {"requests_per_minute": 100_000, "requests_per_second": 1_000, "batches_per_minute": 10_000}
"""Limits that are no limits, for scenarios that are about something else."""
MIX = EventMix(story=StoryMix(gift_card_paid=0))
"""Everything but orders that are paid by gift card in part, whose invoice is not the order's total."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One company: its realm in the sandbox, its shops, its Stripe account, and the sandbox's first refresh token."""

    name: str
    realm: str
    shops: tuple[str, ...]
    account: str
    refresh_token: str

    def sample(self, seed: int, orders: int, mix: EventMix | None = None) -> Sample:
        """Events of this company, and the sales that they tell of."""
        settings = EventSettings(
            seed=seed,
            orders=orders,
            mix=mix or MIX,
            shop_domain=self.shops[0],
            stripe_account=self.account,
            livemode=False,
        )
        return generate(settings)


def tenants(suffix: str, count: int = 1) -> tuple[Tenant, ...]:
    """As many companies as a sandbox with `realm_options` of them knows."""
    made = []
    for number in range(count):
        realm = f"{REALM[:-1]}{number + 1}"
        token = "sandbox-refresh-token" if number == 0 else f"sandbox-refresh-token-{realm}"
        name = f"{'acme' if number == 0 else 'beta'}-{suffix}"
        made.append(Tenant(name, realm, (f"{name}.myshopify.com",), f"acct_{name.replace('-', '')}", token))
    return tuple(made)


def realm_options(companies: Sequence[Tenant]) -> tuple[str, ...]:
    """What the sandbox is started with, so that it has these companies, empty."""
    return ("--empty", *(word for company in companies for word in ("--realm", company.realm)))


@dataclass(slots=True, kw_only=True)
class Installation:
    """One file, its topics and its secrets, as an operator would write them."""

    kafka: KafkaConnection
    sandbox_url: str
    folder: Path
    suffix: str
    companies: tuple[Tenant, ...]
    kafka_settings: Mapping[str, int | float] = field(default_factory=dict)
    company_settings: Mapping[str, int | float | str] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=lambda: WIDE)
    environ: dict[str, str] = field(default_factory=dict)
    """Further settings, over the file."""

    def topic(self, name: str) -> str:
        """The name of one of this installation's own topics."""
        return f"{name}.{self.suffix}"

    @property
    def events(self) -> tuple[str, str]:
        """The two event topics, shared by all companies."""
        return self.topic("shopify.events"), self.topic("stripe.events")

    async def create_topics(self) -> None:
        """All topics, as `run` would create them."""
        names = (*self.events, self.topic("qbo.results"), self.topic("qbo.dead-letters"))
        await create_missing(
            self.kafka,
            [*map(log_topic, names), *(table_topic(self.topic(name)) for name in ("qbo.journal", "qbo.ids"))],
        )

    def environment(self) -> dict[str, str]:
        """What an operator sets beside the file, over the environment of the tests."""
        found = {**os.environ, "QBO_BRIDGE_TOKENS__KEY": KEY}
        for company in self.companies:
            prefix = f"QBO_BRIDGE_COMPANIES__{company.name.upper().replace('-', '_')}__"
            found[f"{prefix}CLIENT_SECRET"] = "sandbox-secret"
            found[f"{prefix}REFRESH_TOKEN"] = company.refresh_token
        return {**found, **self.environ}

    def config(self) -> Path:
        """The configuration file, written anew."""
        path = self.folder / f"bridge-{self.suffix}.toml"
        path.write_text(
            "\n".join(
                [
                    "[kafka]",
                    f'bootstrap_servers = "{self.kafka.bootstrap_servers}"',
                    f"transactions = {str(self.kafka.transactions).lower()}",
                    f'group = "{self.kafka.group}"',
                    *_lines(self.kafka_settings),
                    "[topics]",
                    f"events = {json.dumps(self.events)}",
                    *(
                        f'{key} = "{self.topic(f"qbo.{key}".replace("_", "-"))}"'
                        for key in ("results", "dead_letters", "journal", "ids")
                    ),
                    "[http]\nport = 0",
                    f'[tokens]\npath = "tokens-{self.suffix}.enc"',
                    *(self._section(company) for company in self.companies),
                ]
            ),
            encoding="utf-8",
        )
        return path

    def _section(self, company: Tenant) -> str:
        lines = [
            "[[companies]]",
            f'name = "{company.name}"',
            f'realm_id = "{company.realm}"',
            'environment = "sandbox"',
            f'api_base_url = "{self.sandbox_url}"',
            f'token_url = "{self.sandbox_url}/oauth2/v1/tokens/bearer"',
            'client_id = "sandbox-client"',
            f"shop_domains = {json.dumps(company.shops)}",
            f'stripe_accounts = ["{company.account}"]',
            *_lines(self.company_settings),
            "[companies.limits]",
            *_lines(self.limits),
        ]
        return "\n".join(lines)

    def break_qbo(self, kind: str, **rule: object) -> int:
        """Put a fault in force; its number."""
        made = self._post("faults", {"kind": kind} | rule)
        return int(made["faults"][0]["id"])

    def heal_qbo(self, fault: int | None = None) -> None:
        """One fault is over, or all are."""
        path = "faults" if fault is None else f"faults/{fault}"
        httpx.delete(f"{self.sandbox_url}/sandbox/{path}").raise_for_status()

    def faults(self) -> list[dict[str, Any]]:
        """The rules in force."""
        found: list[dict[str, Any]] = httpx.get(f"{self.sandbox_url}/sandbox/faults").json()["faults"]
        return found

    def _post(self, page: str, body: object) -> Any:
        answer = httpx.post(f"{self.sandbox_url}/sandbox/{page}", content=orjson.dumps(body))
        answer.raise_for_status()
        return answer.json()


def _lines(settings: Mapping[str, int | float | str]) -> list[str]:
    return [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
