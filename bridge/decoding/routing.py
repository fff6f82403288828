"""Which company an event belongs to: by shop domain or Stripe account, as the configuration lists them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.envelope import Envelope

DEFAULT = "default"
"""The entry that takes events without a shop or an account."""


@dataclass(frozen=True, slots=True)
class Route:
    """What one company listens to."""

    company: str
    shop_domains: frozenset[str]
    stripe_accounts: frozenset[str]


class Router:
    """The routes of all companies, in the order of the configuration file."""

    def __init__(self, routes: Iterable[Route]) -> None:
        listed = tuple(routes)
        self.first = listed[0].company
        self._only = len(listed) == 1
        self._shops = {name.casefold(): route.company for route in listed for name in route.shop_domains}
        self._stripe_accounts = {name: route.company for route in listed for name in route.stripe_accounts}

    def company_of(self, envelope: Envelope) -> str | None:
        """The company that owns the event, None when none does.

        Without a shop or an account it is the company that lists `default`; what comes from a shop also goes to the
        only company there is. Every source but Stripe is a shop, told by its domain.
        """
        if envelope.system == "stripe":
            return self._stripe_accounts.get(envelope.account or DEFAULT)
        if envelope.account is None:
            return self._shops.get(DEFAULT, self.first if self._only else None)
        return self._shops.get(envelope.account.casefold())

    def company_of_shop(self, domain: str | None) -> str | None:
        """The company that lists this shop domain, for a record of which only the headers can be read."""
        return self._shops.get(domain.casefold()) if domain else None
