"""What runs on this machine alone: the demo, and the QBO sandbox."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.options import http_address

if TYPE_CHECKING:
    from bridge.config.settings import CompanySettings


def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Keep everything running until Ctrl-C.")] = False,
    orders: Annotated[int, typer.Option("--orders", min=1, max=2_000, help="How many sample orders.")] = 60,
    seed: Annotated[int, typer.Option("--seed", help="Another seed makes other orders.")] = 1,
    config: Annotated[
        Path | None, typer.Option("--config", help="Post by the rules of this file's first company.", dir_okay=False)
    ] = None,
) -> None:
    """The whole bridge on this machine: Kafka, a QBO sandbox, sample events, posting, and the proof of no duplicates.

    Needs no account, no Docker and no Java; everything runs on loopback and is stopped at the end.

    Example: qbo-bridge demo --serve
    """
    from bridge.demo.demo import run_demo

    rules = next((company.rules for company in _companies(config)), None)
    raise typer.Exit(run_demo(orders=orders, seed=seed, serve=serve, rules=rules))


def sandbox(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 picks a free port.")] = 8100,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    realm: Annotated[list[str] | None, typer.Option("--realm", help="A realm id; may be given several times.")] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Start without the sample company's data.")] = False,
    data: Annotated[Path | None, typer.Option("--data", help="Keep the books in this file.", dir_okay=False)] = None,
    no_limits: Annotated[bool, typer.Option("--no-limits", help="Never answer 429.")] = False,
    time_scale: Annotated[
        float, typer.Option("--time-scale", min=0.001, help="60 makes a minute of the limits last one second.")
    ] = 1.0,
    country: Annotated[str, typer.Option("--country", help="US, or GB, CA, AU, IE, FR with tax by line.")] = "US",
    currency: Annotated[str, typer.Option("--currency", help="The home currency.")] = "USD",
    webhook_url: Annotated[
        str | None,
        typer.Option("--webhook-url", help="Where notifications of changes go.", callback=http_address),
    ] = None,
    switch: Annotated[
        list[str] | None, typer.Option("--switch", help="An answer that nobody published, as NAME=VALUE; repeatable.")
    ] = None,
    client_id: Annotated[str, typer.Option("--client-id", help="The app's client id.")] = "sandbox-client",
    client_secret: Annotated[str, typer.Option("--client-secret", help="Its secret.")] = "sandbox-secret",
    refresh_token: Annotated[
        str, typer.Option("--refresh-token", help="The first refresh token.")
    ] = "sandbox-refresh-token",
    config: Annotated[
        Path | None, typer.Option("--config", help="Also open the realms of this file's companies.", dir_okay=False)
    ] = None,
) -> None:
    """A QBO sandbox alone: the accounting API and its token endpoint as an HTTP server, until Ctrl-C.

    Example: qbo-bridge sandbox --port 8100 --time-scale 60
    """
    from bridge.sandbox.server import run as serve_sandbox
    from bridge.sandbox.settings import DEFAULT_REALM, SandboxLimits, SandboxSettings, Webhooks
    from bridge.sandbox.switch_words import switches

    realms = [*(realm or ()), *(company.realm_id for company in _companies(config))]
    try:
        settings = SandboxSettings(
            host=host,
            port=port,
            realms=tuple(dict.fromkeys(realms)) or (DEFAULT_REALM,),
            empty=empty,
            data=data,
            limits=SandboxLimits(enforced=not no_limits),
            switches=switches(switch or ()),
            webhooks=Webhooks(url=webhook_url),
            time_scale=time_scale,
            country=country,
            home_currency=currency,
            client_id=client_id,
            client_secret=client_secret,
            refresh_token=refresh_token,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    serve_sandbox(settings)


def _companies(config: Path | None) -> tuple[CompanySettings, ...]:
    """The companies of a configuration file, none without one."""
    from bridge.config.settings import load_settings

    return load_settings(config, os.environ).companies if config is not None else ()
