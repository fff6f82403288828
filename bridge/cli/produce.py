"""The command that puts exported bodies on an event topic."""

from __future__ import annotations

import asyncio
import contextlib
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.options import BRIDGE_TOML, AsJson, Config


class ExportSource(StrEnum):
    """Who wrote what was exported."""

    SHOPIFY = "shopify"
    STRIPE = "stripe"


def _export(given: str) -> Path:
    # because an empty word is the present folder to `pathlib`, and a variable that was never set to a shell
    with contextlib.suppress(OSError):  # a name that no file system takes
        if given.strip() and Path(given).exists():
            return Path(given)
    raise typer.BadParameter(f"{given!r} is neither a file nor a folder")


def produce(
    path: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="What was exported.", parser=_export)],
    source: Annotated[ExportSource, typer.Option("--source", help="Who wrote it.")],
    topic: Annotated[
        str | None, typer.Option("--topic", help="The Kafka topic [default: the only one of topics.events].")
    ] = None,
    shop: Annotated[
        str | None, typer.Option("--shop", help="Shopify: whose bodies [default: the only shop there is].")
    ] = None,
    company: Annotated[
        str | None, typer.Option("--company", help="Only what is this company's, by its name in the configuration.")
    ] = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Put exported bodies on an event topic, with the headers that a webhook would have had, for a backfill to read.

    Of Shopify: bodies of the Admin REST API (orders, their transactions, refunds, payouts with their rows), one a line
    or in pages as the API answers; lines of a GraphQL bulk export are refused, since they lack what an order books. Of
    Stripe: events. A folder is every .jsonl, .ndjson and .json file in it. What the topic holds already is not produced
    again, so the command may be repeated. A body that cannot be read is named by its line; all others are produced
    (exit 1). The records have today's time, whatever their bodies say; a service that is running books them at once.

    Example: qbo-bridge produce orders.jsonl --source shopify --topic shopify.events --shop acme.myshopify.com
    """
    from bridge.commands.produce.command import ProduceRequest, produce_export
    from bridge.config.settings import load_settings

    if shop is not None and source is ExportSource.STRIPE:
        raise typer.BadParameter("--shop is about Shopify; a Stripe event says its account itself")
    request = ProduceRequest(path=path, source=source.value, topic=topic, shop=shop, company=company, as_json=as_json)
    settings = load_settings(config, os.environ)
    if company is not None:
        settings.company(company)
    done = asyncio.run(produce_export(settings, request))
    raise typer.Exit(0 if done else 1)
