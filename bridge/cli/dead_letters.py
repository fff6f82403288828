"""The commands under `qbo-bridge dead-letters`; what they do is in `bridge.commands`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.options import BRIDGE_TOML, AsJson, Company, Config, checking

Wait = Annotated[bool, typer.Option("--wait", help="Wait for the results, and tell what became of each.")]
WaitS = Annotated[float, typer.Option("--timeout", min=1, help="Seconds to wait for at most.")]
letters = typer.Typer(help="The records that a person must look at, with why.", no_args_is_help=True)


def _reason_code(code: str | None) -> str | None:
    from bridge.commands.dead_letters.standing import check_code

    with checking():
        check_code(code)
    return code


@letters.command("list")
def list_(
    company: Company = None,
    code: Annotated[
        str | None, typer.Option("--reason", "--code", help="Only with this reason code.", callback=_reason_code)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what was settled, redriven or dismissed.")] = False,
    only_open: Annotated[bool, typer.Option("--open", help="Only what nobody has settled yet.")] = False,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """The dead letters that a person has to look at, newest first: document, order, worth, why, and where it came from.

    With --all also what was `redriven`, `dismissed`, is `repeated` by a newer letter of the same record, or has another
    result by now, whose status is shown.

    Example: qbo-bridge dead-letters list --code unbalanced
    """
    from bridge.commands.dead_letters.listing import list_letters
    from bridge.config.settings import load_settings

    if everything and only_open:
        raise typer.BadParameter("--all and --open exclude each other")
    settings = load_settings(config, os.environ)
    if company is not None:
        settings.company(company)
    asyncio.run(list_letters(settings, company=company, code=code, as_json=as_json, everything=everything))


@letters.command("summary")
def summary(company: Company = None, as_json: AsJson = False, config: Config = BRIDGE_TOML) -> None:
    """Open dead letters by cause: how many, documents, money at risk, the oldest, a remedy, the next command.

    The money of one sale counts once, whatever of it is a dead letter.

    Example: qbo-bridge dead-letters summary --company acme-us
    """
    from bridge.commands.dead_letters.listing import summarize_letters
    from bridge.config.settings import load_settings

    settings = load_settings(config, os.environ)
    if company is not None:
        settings.company(company)
    asyncio.run(summarize_letters(settings, company=company, as_json=as_json))


@letters.command("dismiss")
def dismiss(
    note: Annotated[str, typer.Option("--note", help="Why nothing more is to be done.")],
    letter: Annotated[
        list[str] | None, typer.Argument(help="PARTITION/OFFSET as the list shows it, or TOPIC:PARTITION:OFFSET.")
    ] = None,
    code: Annotated[
        str | None,
        typer.Option("--reason", "--code", help="All open ones with this reason code.", callback=_reason_code),
    ] = None,
    company: Company = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Take dead letters off the list of open ones because nothing more is to be done; the note stays with them.

    Nothing is booked or sent. A dismissed letter can still be shown and redriven.

    Example: qbo-bridge dead-letters dismiss 0/12 --note "booked by hand as invoice 1043"
    """
    from bridge.commands.dead_letters.dismissals import NOTE_MAX
    from bridge.commands.dead_letters.listing import dismiss_letters
    from bridge.config.settings import load_settings
    from contracts.records import Place

    if not (letter or code):
        raise typer.BadParameter("expected dead letters, or --reason")
    if not note.strip() or len(note) > NOTE_MAX:
        raise typer.BadParameter(f"expected a note of 1 to {NOTE_MAX} characters", param_hint="--note")
    settings = load_settings(config, os.environ)
    if company is not None:
        settings.company(company)
    try:
        places = [Place.parse(text, topic=settings.topics.dead_letters) for text in letter or ()]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    dismissing = dismiss_letters(
        settings, places=places, code=code, company=company, note=note.strip(), as_json=as_json
    )
    asyncio.run(dismissing)


@letters.command("show")
def show(
    letter: Annotated[str, typer.Argument(help="PARTITION/OFFSET as the list shows it.")],
    raw: Annotated[bool, typer.Option("--raw", help="The original bytes alone, for a file or a pipe.")] = False,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """One dead letter with all that is known about it, and its original value.

    Example: qbo-bridge dead-letters show 0/12 --raw > event.json
    """
    from bridge.commands.dead_letters.listing import LetterId, show_letter
    from bridge.config.settings import load_settings

    if raw and as_json:
        raise typer.BadParameter("--raw and --json exclude each other")
    try:
        wanted = LetterId.parse(letter)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    asyncio.run(show_letter(load_settings(config, os.environ), wanted, raw=raw, as_json=as_json))


@letters.command("redrive")
def redrive(
    letter: Annotated[
        list[str] | None,
        typer.Argument(help="PARTITION/OFFSET as the list shows it, or TOPIC:PARTITION:OFFSET of the record itself."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters that there are.")] = False,
    code: Annotated[
        str | None, typer.Option("--reason", "--code", help="Only with this reason code.", callback=_reason_code)
    ] = None,
    company: Company = None,
    since: Annotated[str | None, typer.Option("--from", help="Only what failed at this time or later.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Only what failed before this time.")] = None,
    rate: Annotated[float, typer.Option("--rate", min=0, help="Events a second at most; 0 for no limit.")] = 50,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also what was redriven before, and how often ever.")] = False,
    wait: Wait = False,
    timeout: WaitS = 60,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Put events that could not be booked into their topics again, unchanged, after what was wrong is mended.

    Key, value and headers are the original ones; a header qbb-redriven-from names the dead letter. The event gets a
    result of its own. What was redriven is not redriven again, so the command may be interrupted and repeated; an
    event that was redriven three times is refused. With --wait it tells what became of each, and exits with 1 unless
    each got into the books or needs nothing more. Times are ISO 8601, UTC where no offset is given.

    Example: qbo-bridge dead-letters redrive --company acme-us --reason unmappable --dry-run
    """
    from bridge.commands.dead_letters.redrive import Manner
    from bridge.commands.dead_letters.redrive import redrive as redrive_letters
    from bridge.commands.dead_letters.redriving import LetterSelection
    from bridge.commands.spans import parse_span
    from bridge.config.settings import load_settings
    from contracts.records import Place

    chooses = bool(letter or code or company or since or until)
    if chooses == everything:
        raise typer.BadParameter("expected dead letters, or options that choose some, or --all alone")
    settings = load_settings(config, os.environ)
    if company is not None:
        settings.company(company)
    try:
        places = frozenset(Place.parse(text, topic=settings.topics.dead_letters) for text in letter or ())
        wanted = LetterSelection(places=places, code=code, company=company, span=parse_span(since, until))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    wait_s = timeout if wait else None
    manner = Manner(rate=rate, dry_run=dry_run, force=force, wait_s=wait_s, as_json=as_json)
    done = asyncio.run(redrive_letters(settings, wanted, manner))
    raise typer.Exit(0 if done else 1)


@letters.command("edit")
def edit(
    letter: Annotated[str, typer.Argument(help="PARTITION/OFFSET as the list shows it.")],
    body: Annotated[
        Path | None, typer.Option("--body", help="The new body, instead of an editor.", exists=True, dir_okay=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also what was redriven before.")] = False,
    wait: Wait = False,
    timeout: WaitS = 60,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Redrive a copy of an event with another body: in $EDITOR, or from a file; the dead letter stays as it is.

    Key, headers and partition are the original ones, so it counts as the same event. Nothing is sent where nothing was
    changed, or where the new body is not JSON.

    Example: qbo-bridge dead-letters edit 0/12 --body mended.json --wait
    """
    from bridge.commands.dead_letters.editing import edit_letter, in_editor
    from bridge.commands.dead_letters.listing import LetterId
    from bridge.commands.dead_letters.redrive import Manner
    from bridge.config.settings import load_settings

    try:
        wanted = LetterId.parse(letter)
        given = body.read_text(encoding="utf-8") if body is not None else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None

    def edited(text: str) -> str:
        return given if given is not None else in_editor(text)

    manner = Manner(force=force, wait_s=timeout if wait else None, as_json=as_json)
    done = asyncio.run(edit_letter(load_settings(config, os.environ), wanted, edited, manner))
    raise typer.Exit(0 if done else 1)
