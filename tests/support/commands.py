"""Every command that the parser knows, and what each is given so that it has something to say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from bridge.cli.app import app
from bridge.cli.speaking import SILENT

Words = tuple[str, ...]
RULES = Path(__file__).parents[2] / "deploy" / "rules.example.toml"


def parsed(group: Any = None, path: Words = ()) -> dict[Words, Any]:
    """Every command by its words, as the parser has it."""
    group = group or typer.main.get_command(app)
    listed = getattr(group, "commands", None)
    if listed is None:
        return {path: group}
    return {words: each for name, one in listed.items() for words, each in parsed(one, (*path, name)).items()}


COMMANDS = parsed()
ANSWERING = {words: each for words, each in COMMANDS.items() if each.callback.__name__ not in SILENT}
TYPED: dict[Words, Words] = {
    ("map",): ("order.json", "--topic", "orders/paid"),
    ("explain",): ("shopify:order:1",),
    ("pause",): ("--company", "acme-us"),
    ("resume",): ("--company", "acme-us"),
    ("adopt",): ("#1043", "--none"),
    ("connect",): ("acme-us", "--no-browser", "--timeout", "1", "--port", "0"),
    ("rules", "check"): (str(RULES),),
    ("rules", "init"): ("--company", "acme-us"),
    ("produce",): ("order.json", "--source", "shopify"),
    ("backfill",): ("--company", "acme-us", "--plan"),
    ("verify",): ("--company", "acme-us"),
    ("reconcile",): ("--company", "acme-us", "--from", "2026-11-01", "--to", "2026-11-02"),
    ("dead-letters", "dismiss"): ("0/0", "--note", "by hand"),
    ("dead-letters", "show"): ("0/0",),
    ("dead-letters", "redrive"): ("0/1", "--dry-run"),
    ("dead-letters", "edit"): ("0/1", "--body", "order.json"),
}
"""What a command needs to have something to say; all others are typed alone."""


def typed(words: Words, *more: str) -> list[str]:
    """The command with what it needs."""
    return ["qbo-bridge", *words, *TYPED.get(words, ()), *more]
