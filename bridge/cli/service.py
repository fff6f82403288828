"""The commands of the service itself: `run`, and what is said to it through the journal: `pause`, `resume`, `adopt`."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Annotated

import typer

from bridge.cli.options import BRIDGE_TOML, AsJson, Config, OneCompany, checking, one_company
from contracts.errors import ConfigurationError


def run(config: Config = BRIDGE_TOML) -> None:
    """Serve: consume the event topics, post to QBO, publish the results, until SIGTERM or Ctrl-C.

    Kafka or QBO being away at start is waited for. Any number of processes may run on one file: one of them owns each
    company, the others stand by.

    Example: qbo-bridge run --config /etc/qbo-bridge/bridge.toml
    """
    from bridge.config.settings import load_settings
    from bridge.service import serving as service
    from bridge.service import survey
    from bridge.telemetry.logs import setup_logs

    settings = load_settings(config, os.environ)
    setup_logs(settings.logs)
    try:
        status, doctor = (
            (sys.executable, "-m", "bridge.cli.app", command, "--json", "--config", str(config))
            for command in ("status", "doctor")
        )
        raise typer.Exit(
            service.run(
                settings,
                survey.RepeatedCommand(status, survey.FIRST_SURVEY_AFTER_S, survey.SURVEY_EVERY_S),
                survey.RepeatedCommand(doctor, survey.FIRST_EXAMINATION_AFTER_S, survey.EXAMINE_EVERY_S),
            )
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"{config}: {error}") from None


def pause(
    company: OneCompany = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Pause a company until it is resumed, wherever its process runs: what is under way ends, nothing more begins.

    Offsets are kept, what waits does not lapse, and a restart or another owner changes nothing. The company counts as
    ready meanwhile.

    Example: qbo-bridge pause --company acme-us
    """
    from bridge.commands.resume import pause as pause_company
    from bridge.config.settings import load_settings

    settings = load_settings(config, os.environ)
    asyncio.run(pause_company(settings, one_company(settings, company), as_json=as_json))


def resume(
    company: OneCompany = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Let a company go on that was paused, or that stopped after too many dead letters; its process may run anywhere.

    Example: qbo-bridge resume --company acme-us
    """
    from bridge.commands.resume import resume as resume_company
    from bridge.config.settings import load_settings

    settings = load_settings(config, os.environ)
    asyncio.run(resume_company(settings, one_company(settings, company), as_json=as_json))


def adopt(
    document: Annotated[str, typer.Argument(help="The order: its source key, or its name such as #1043.")],
    target: Annotated[
        str | None, typer.Argument(metavar="ENTITY/ID", help="The document of the books that it is: invoice/145.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="None of the documents is the order: create it.")] = False,
    company: Annotated[str | None, typer.Option("--company", help="The company; else all are looked at.")] = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Decide about an order that may be in the books already (`possible_duplicate`); its events go on by themselves.

    Example: qbo-bridge adopt '#1043' salesreceipt/145
    """
    from bridge.commands.adopt import adopt as adopt_document
    from bridge.commands.adopt import decision_of
    from bridge.config.settings import load_settings

    with checking():
        decision = decision_of(target, none=none)
    settings = load_settings(config, os.environ)
    asyncio.run(adopt_document(settings, document, decision, company=company, as_json=as_json))
