"""The sandbox: its companies, tokens, limits, remembered request ids, fault plan and counts."""

import random

from bridge.sandbox.quickbooks.clock import Clock, SystemClock
from bridge.sandbox.quickbooks.company import Company
from bridge.sandbox.quickbooks.faults import FaultPlan
from bridge.sandbox.quickbooks.kinds import KINDS
from bridge.sandbox.quickbooks.limits import Throttle
from bridge.sandbox.quickbooks.oauth import Tokens
from bridge.sandbox.quickbooks.requests import RequestIds
from bridge.sandbox.quickbooks.sample import fill
from bridge.sandbox.quickbooks.seed import born
from bridge.sandbox.quickbooks.settings import SandboxSettings
from bridge.sandbox.quickbooks.stats import Stats
from bridge.sandbox.quickbooks.wire import Tids


class Realm:
    """A company and what the service keeps around it."""

    def __init__(self, company: Company, settings: SandboxSettings, clock: Clock) -> None:
        self.company = company
        self.requests = RequestIds(settings.switches, clock)
        self.throttle = Throttle(settings.limits, clock, settings.time_scale)
        self.stats = Stats()


class Sandbox:
    """Everything behind the HTTP surface; tests hold it directly."""

    def __init__(self, settings: SandboxSettings | None = None, clock: Clock | None = None) -> None:
        self.settings = settings or SandboxSettings()
        self.clock = clock or SystemClock()
        self.tokens = Tokens(self.settings, self.clock)
        self.faults = FaultPlan(self.clock)
        self.tids = Tids(self.settings.seed)
        self.random = random.Random(self.settings.seed)  # noqa: S311 - latency and order, not secrets
        self.realms: dict[str, Realm] = {}
        for realm in self.settings.realms:
            company = born(realm, self.settings, self.clock, KINDS)
            if not self.settings.empty:
                fill(company)
            self.realms[realm] = Realm(company, self.settings, self.clock)

    def company(self, realm: str | None = None) -> Company:
        """A company; the first when none is named."""
        return self.realms[realm or self.settings.realms[0]].company

    def access_token(self, realm: str | None = None) -> str:
        """A valid access token without the token endpoint."""
        return self.tokens.access_token(realm or self.settings.realms[0])

    def close(self) -> None:
        """Let go of files."""
