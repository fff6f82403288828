"""The commands that only say how something is: nothing is asked, nothing is touched."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from bridge.cli.options import BRIDGE_TOML, MaybeConfig


def asyncapi(
    as_json: Annotated[bool, typer.Option("--json", help="On one line; it is JSON in any case.")] = False,
    config: MaybeConfig = None,
) -> None:
    """Print the contract of the bus as AsyncAPI 3 (JSON): every topic, header, key and schema, in and out.

    It names the topics and brokers of the configuration, or the default topics without one. A running service has the
    same at /asyncapi.

    Example: qbo-bridge asyncapi > asyncapi.json
    """
    from bridge.commands.asyncapi import print_contract
    from bridge.config.settings import load_settings

    chosen = config or (BRIDGE_TOML if BRIDGE_TOML.exists() else None)
    print_contract(load_settings(chosen, os.environ) if chosen else None, on_one_line=as_json)
