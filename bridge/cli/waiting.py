"""The commands under `qbo-bridge waiting`; what they do is in `bridge.commands`."""

from __future__ import annotations

import asyncio
import os

import typer

from bridge.cli.options import BRIDGE_TOML, AsJson, Company, Config

waiting = typer.Typer(help="The events that wait for another document.", no_args_is_help=True)


@waiting.callback()
def _group() -> None:
    """The events that wait for another document."""


@waiting.command("list")
def list_(company: Company = None, as_json: AsJson = False, config: Config = BRIDGE_TOML) -> None:
    """Everything that waits, the oldest first: for which order, worth what, since when, and when it ends as an orphan.

    Example: qbo-bridge waiting list --company acme-us
    """
    from bridge.commands.waiting import list_waiting
    from bridge.config.settings import load_settings

    settings = load_settings(config, os.environ)
    if company is not None:
        settings.company(company)
    asyncio.run(list_waiting(settings, company=company, as_json=as_json))
