"""The commands under `qbo-bridge dead-letters`; what they do is in `bridge.commands`."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer

from bridge.cli_options import BRIDGE_TOML, AsJson, Company, Config

letters = typer.Typer(help="The records that a person must look at, with why.", no_args_is_help=True)


@letters.command("list")
def list_(
    company: Company = None,
    code: Annotated[str | None, typer.Option("--code", help="Only with this reason code.")] = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Every dead letter with its reason and where it came from.

    Example: qbo-bridge dead-letters list --code unbalanced
    """
    from bridge.commands.dead_letters import list_letters
    from bridge.settings import load_settings

    settings = load_settings(config, os.environ)
    if company is not None:
        settings.company(company)
    asyncio.run(list_letters(settings, company=company, code=code, as_json=as_json))


@letters.command("show")
def show(
    letter: Annotated[str, typer.Argument(help="PARTITION/OFFSET as the list shows it.")],
    raw: Annotated[bool, typer.Option("--raw", help="The original bytes alone, for a file or a pipe.")] = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """One dead letter with all that is known about it, and its original value.

    Example: qbo-bridge dead-letters show 0/12 --raw > event.json
    """
    from bridge.commands.dead_letters import LetterId, show_letter
    from bridge.settings import load_settings

    try:
        wanted = LetterId.parse(letter)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    asyncio.run(show_letter(load_settings(config, os.environ), wanted, raw=raw))
