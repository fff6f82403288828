"""`python -m bridge.sandbox.quickbooks`: the sandbox alone."""

import argparse
from pathlib import Path

from bridge.sandbox.quickbooks.server import run
from bridge.sandbox.quickbooks.settings import DEFAULT_REALM, Limits, SandboxSettings, Webhooks


def settings_from(arguments: list[str] | None = None) -> SandboxSettings:
    """The settings that a command line asks for."""
    defaults = SandboxSettings()
    parser = argparse.ArgumentParser(
        prog="python -m bridge.sandbox.quickbooks", description="A local QuickBooks Online."
    )
    parser.add_argument("--host", default=defaults.host)
    parser.add_argument("--port", type=int, default=defaults.port, help="0 picks a free one")
    parser.add_argument("--realm", action="append", help=f"may be given several times (default {DEFAULT_REALM})")
    parser.add_argument("--empty", action="store_true", help="no sample customers, items and transactions")
    parser.add_argument("--data", type=Path, help="keep the companies in this file")
    parser.add_argument("--no-limits", action="store_true", help="never answer 429")
    parser.add_argument("--time-scale", type=float, default=1, help="60 makes a limit-minute one second")
    parser.add_argument("--country", default=defaults.country, help="US, or GB, CA, AU, IE, FR with tax by line")
    parser.add_argument("--currency", default=defaults.home_currency, help="the home currency")
    parser.add_argument("--webhook-url", help="where change notifications go")
    parser.add_argument("--client-id", default=defaults.client_id)
    parser.add_argument("--client-secret", default=defaults.client_secret)
    parser.add_argument("--refresh-token", default=defaults.refresh_token)
    given = parser.parse_args(arguments)
    try:
        return _settings(given)
    except ValueError as error:
        parser.error(str(error))


def _settings(given: argparse.Namespace) -> SandboxSettings:
    return SandboxSettings(
        host=given.host,
        port=given.port,
        realms=tuple(given.realm or (DEFAULT_REALM,)),
        empty=given.empty,
        data=given.data,
        limits=Limits(enforced=not given.no_limits),
        time_scale=given.time_scale,
        country=given.country,
        home_currency=given.currency,
        webhooks=Webhooks(url=given.webhook_url),
        client_id=given.client_id,
        client_secret=given.client_secret,
        refresh_token=given.refresh_token,
    )


if __name__ == "__main__":
    run(settings_from())
