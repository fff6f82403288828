"""`keygen`, and the commands under `config` and `rules`; what they do is in `bridge.commands.configuration`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.options import BRIDGE_TOML, AsJson, Config, OneCompany, one_company

configuration = typer.Typer(help="The configuration: is it right, what counts, what there is.", no_args_is_help=True)
rules = typer.Typer(help="The accounting rules of a company.", no_args_is_help=True)


@rules.callback()
def _group() -> None:
    """The accounting rules of a company."""


def keygen(as_json: AsJson = False) -> None:
    """Print a new key for tokens and markers: url-safe base64 of 32 random bytes, for QBO_BRIDGE_TOKENS__KEY.

    Keep it where secrets are kept: without it neither the token store nor the markers in the books can be read.

    Example: qbo-bridge keygen > tokens.key
    """
    from bridge.commands.configuration import print_new_key

    print_new_key(as_json=as_json)


@configuration.command("check")
def check(as_json: AsJson = False, config: Config = BRIDGE_TOML) -> None:
    """Read the configuration, the environment over it and each company's rules; exit 1 with the first mistake.

    Nothing is asked of Kafka or QuickBooks: that is `qbo-bridge doctor`.

    Example: qbo-bridge config check --config /etc/qbo-bridge/bridge.toml
    """
    from bridge.commands.configuration import check_all
    from bridge.config.settings import load_settings

    check_all(load_settings(config, os.environ), as_json=as_json)


@configuration.command("show")
def show(as_json: AsJson = False, config: Config = BRIDGE_TOML) -> None:
    """Every setting as it counts, defaults and environment included; of a secret only whether it is set.

    Example: qbo-bridge config show --json
    """
    from bridge.commands.configuration import show_settings
    from bridge.config.settings import load_settings

    show_settings(load_settings(config, os.environ), as_json=as_json)


@configuration.command("reference")
def reference(as_json: AsJson = False) -> None:
    """Every setting that there is: its key, its default and what is expected of it.

    Example: qbo-bridge config reference
    """
    from bridge.commands.configuration import show_reference

    show_reference(as_json=as_json)


@rules.command("check")
def check_rules(
    file: Annotated[Path, typer.Argument(help="A rules file.", exists=True, dir_okay=False)],
    as_json: AsJson = False,
) -> None:
    """Read a rules file; exit 1 with the first mistake. Whether QuickBooks has its accounts says `qbo-bridge doctor`.

    Example: qbo-bridge rules check acme.rules.toml
    """
    from bridge.commands.configuration import check_rules_file

    check_rules_file(file, as_json=as_json)


@rules.command("init")
def init_rules(
    company: OneCompany = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The new rules file [default: print it].", dir_okay=False)
    ] = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """A first rules file from the company's own chart of accounts: what the bridge would choose, by name.

    QuickBooks is only read. What has no account, or several, is a comment with the reason. A file that is there already
    is never written over.

    Example: qbo-bridge rules init --company acme-us --out acme.rules.toml
    """
    from bridge.commands.rules_init import begin_rules
    from bridge.config.settings import load_settings

    settings = load_settings(config, os.environ, rules_to_come=out)
    begin_rules(settings, one_company(settings, company), out, as_json=as_json)
