"""Which company an event belongs to: by shop domain or Stripe account, as the configuration lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contracts.envelope import Envelope, System

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
        self._tables: Mapping[System, Mapping[str, str]] = {
            "shopify": {name.casefold(): route.company for route in listed for name in route.shop_domains},
            "stripe": {name: route.company for route in listed for name in route.stripe_accounts},
        }

    def company_of(self, envelope: Envelope) -> str | None:
        """The company that owns the event, None when none does.

        Without a shop or an account it is the company that lists `default`; a bare Shopify body also goes to the only
        company there is.
        """
        table = self._tables[envelope.system]
        if envelope.account is None:
            only = self.first if self._only and envelope.system == "shopify" else None
            return table.get(DEFAULT, only)
        account = envelope.account.casefold() if envelope.system == "shopify" else envelope.account
        return table.get(account)

    def company_of_shop(self, domain: str | None) -> str | None:
        """The company that lists this shop domain, for a record of which only the headers can be read."""
        return self._tables["shopify"].get(domain.casefold()) if domain else None
