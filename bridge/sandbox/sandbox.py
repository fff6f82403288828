"""The sandbox: its companies, tokens, limits, remembered request ids, fault plan and counts."""

import random

import httpx

from bridge.sandbox.clock import RunningClock, SandboxClock
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.faults import FaultPlan
from bridge.sandbox.kinds import KINDS
from bridge.sandbox.limits import Throttle
from bridge.sandbox.oauth import GrantedTokens
from bridge.sandbox.requests import RequestIds
from bridge.sandbox.sample import fill
from bridge.sandbox.seed import new_company
from bridge.sandbox.settings import SandboxSettings
from bridge.sandbox.stats import Stats
from bridge.sandbox.storage import Storage
from bridge.sandbox.webhooks import Notifier
from bridge.sandbox.wire import Tids


class Realm:
    """A company and what the service keeps around it."""

    def __init__(self, company: SandboxCompany, settings: SandboxSettings, clock: SandboxClock) -> None:
        self.company = company
        self.requests = RequestIds(settings.switches, clock)
        self.throttle = Throttle(settings.limits, clock, settings.time_scale)
        self.stats = Stats()


class Sandbox:
    """Everything behind the HTTP surface; tests hold it directly."""

    def __init__(
        self,
        settings: SandboxSettings | None = None,
        clock: SandboxClock | None = None,
        webhook_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.settings = settings or SandboxSettings()
        self.clock = clock or RunningClock()
        self.tokens = GrantedTokens(self.settings, self.clock)
        self.faults = FaultPlan(self.clock)
        self.tids = Tids(self.settings.seed)
        self.random = random.Random(self.settings.seed)  # noqa: S311 - latency and order, not secrets
        self.notifier = Notifier(self.settings.webhooks, self.clock, self.settings.seed, webhook_transport)
        self.storage = Storage(self.settings.data) if self.settings.data else None
        self.realms: dict[str, Realm] = {realm: self._open(realm) for realm in self.settings.realms}
        if self.storage is not None:
            self.storage.keep_grants(self.tokens)

    def _open(self, realm: str) -> Realm:
        if self.storage is not None and self.storage.holds(realm):
            company = self.storage.load(realm, self.settings, self.clock, KINDS)
        else:
            company = new_company(realm, self.settings, self.clock, KINDS)
            if not self.settings.empty:
                fill(company)
            if self.storage is not None:
                self.storage.save_all(company)
        opened = Realm(company, self.settings, self.clock)
        if self.storage is not None:
            company.listeners.append(self.storage.changed)
            self.storage.keep_replies(realm, opened.requests)
        if self.settings.webhooks.url is not None:
            company.listeners.append(self.notifier.changed)
        return opened

    def company(self, realm: str | None = None) -> SandboxCompany:
        """A company; the first when none is named."""
        return self.realms[realm or self.settings.realms[0]].company

    def access_token(self, realm: str | None = None) -> str:
        """A valid access token without the token endpoint."""
        return self.tokens.access_token(realm or self.settings.realms[0])

    def close(self) -> None:
        """Let go of the data file and stop delivering."""
        self.notifier.close()
        if self.storage is not None:
            self.storage.close()
