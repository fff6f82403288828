"""Commands that only read: `map`, `results` and `explain`."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Annotated

import typer

from bridge.cli.options import BRIDGE_TOML, AsJson, Company, Config, MaybeConfig, checking
from contracts.errors import BridgeError
from contracts.results import ResultStatus
from contracts.sizes import RECORD_BYTES_MAX


def map_event(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="A file with the event, or - for standard input.")],
    company: Company = None,
    topic: Annotated[
        str | None, typer.Option("--topic", help="The event's type when the file has no header, such as orders/paid.")
    ] = None,
    config: MaybeConfig = None,
    as_json: Annotated[bool, typer.Option("--json", help="The payloads themselves as one JSON document.")] = False,
) -> None:
    """Print what an event would post, touching nothing; exit 1 only when it would be dead-lettered.

    Accounts that only QBO could resolve are shown by name. Without a configuration the default rules decide. The result
    is that of books that have nothing of it yet, so money alone waits for its order.

    Example: qbo-bridge map order.json --topic orders/paid
    """
    from bridge.commands.mapping import map_value
    from bridge.config.settings import load_settings

    chosen = config or (BRIDGE_TOML if BRIDGE_TOML.exists() or company else None)
    settings = load_settings(chosen, os.environ) if chosen else None
    fits = map_value(_event(file), topic=topic, settings=settings, company=company, as_json=as_json)
    raise typer.Exit(0 if fits else 1)


def _event(file: typer.FileBinaryRead) -> bytes:
    """All of a file, and of an endless one no more than a topic takes. BridgeError for what is larger."""
    value: bytes = file.read(RECORD_BYTES_MAX + 1)
    if len(value) > RECORD_BYTES_MAX:
        raise BridgeError(f"{file.name}: more than {RECORD_BYTES_MAX // 2**20} MiB, which no topic takes as one event.")
    return value


def _reason_code(code: str | None) -> str | None:
    from bridge.commands.results import check_result_code

    with checking():
        check_result_code(code)
    return code


def results(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with results as they come.")] = False,
    last: Annotated[int | None, typer.Option("--last", min=0, help="How many of the last ones [default: 20].")] = None,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="All that the topic still has.")] = False,
    status: Annotated[
        list[ResultStatus] | None,
        typer.Option("--status", metavar="STATUS", help=f"Only {', '.join(ResultStatus)}; may be repeated."),
    ] = None,
    document: Annotated[
        str | None, typer.Option("--document", help="Only of this document: shopify:order:450789469, or its id alone.")
    ] = None,
    code: Annotated[
        str | None, typer.Option("--code", help="Only with this reason code.", callback=_reason_code)
    ] = None,
    company: Company = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """What became of the records, from the results topic.

    Example: qbo-bridge results --status dead_lettered --status waiting --last 50
    """
    from bridge.commands.results import ResultFilter, follow_results, list_results
    from bridge.config.settings import load_settings

    if from_beginning and last is not None:
        raise typer.BadParameter("--from-beginning and --last exclude each other")
    if document is not None and document.startswith("#"):
        raise typer.BadParameter(
            f"--document {document}: expected a document's key, shopify:order:450789469, or its id; "
            f"`qbo-bridge explain '{document}'` finds an order by its name"
        )
    settings = load_settings(config, os.environ)
    if company is not None:
        settings.company(company)
    wanted = ResultFilter(company=company, document=document, statuses=frozenset(status or ()), code=code)
    if follow:
        with contextlib.suppress(KeyboardInterrupt):  # the way in which following ends
            asyncio.run(follow_results(settings, wanted, last=None if from_beginning else last or 0, as_json=as_json))
    else:
        shown = None if from_beginning else 20 if last is None else last
        asyncio.run(list_results(settings, wanted, last=shown, as_json=as_json))


def explain(
    document: Annotated[
        str,
        typer.Argument(
            help="shopify:order:450789469, its id alone, #1043, a charge's id, invoice/145, a request id, "
            "an intuit_tid, or TOPIC/PARTITION/OFFSET of a record."
        ),
    ],
    company: Company = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Everything that is known of one sale, its money, refunds, disputes and payouts, and what is in QuickBooks now.

    QuickBooks is asked what each document is now (paid, open, voided, deleted, by whom and when as far as it says);
    where it cannot be asked the rest is shown. A number that several sales have is exit 1 with the source keys.
    Attempts that QBO took are in the results for good; those that it refused, and the time at which each was sent, are
    in the journal until they are settled and for about an hour longer.

    Example: qbo-bridge explain '#1043'
    """
    from bridge.commands.explain.command import explain as explain_document
    from bridge.config.settings import load_settings

    settings = load_settings(config, os.environ)
    if company is not None:
        settings.company(company)
    asyncio.run(explain_document(settings, document, company=company, as_json=as_json))
