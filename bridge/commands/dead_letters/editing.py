"""`qbo-bridge dead-letters edit`: a copy of the event with another body, redriven under its own name."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson

from bridge.commands.dead_letters.listing import LetterId, find_letter, indented
from bridge.commands.dead_letters.redrive import Manner, redrive
from bridge.commands.dead_letters.redriving import LetterSelection
from bridge.config.settings import Settings
from contracts.errors import BridgeError


async def edit_letter(settings: Settings, letter: LetterId, edit: Callable[[str], str], manner: Manner) -> bool:
    """Redrive a letter with what `edit` makes of its body, as `redrive`: key, headers and partition are the original's.

    The dead letter itself stays as it is. BridgeError where nothing was changed, or the new body is no JSON.
    """
    record = await find_letter(settings, letter)
    before = indented(record.value or b"")
    after = edit(before)
    if after.strip() == before.strip() or after.encode() == record.value:
        raise BridgeError(f"Nothing was changed of the dead letter {letter}, so nothing was sent.")
    try:
        orjson.loads(after)
    except orjson.JSONDecodeError as error:
        raise BridgeError(f"The new body of {letter} is not JSON, so nothing was sent: {error}.") from None
    bodies = {record.place: after.strip().encode()}
    return await redrive(settings, LetterSelection(places=[record.place]), replace(manner, bodies=bodies))


def in_editor(text: str) -> str:
    """What a person makes of `text` in $VISUAL or $EDITOR. BridgeError where that does not start or fails."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    # because an event holds personal data: only its owner may open the folder, and nothing of it stays
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "event.json")
        file.write_text(text, encoding="utf-8")
        try:
            subprocess.run([*command, str(file)], check=True)  # noqa: S603 - the person's own editor
        except (OSError, subprocess.CalledProcessError) as error:
            raise BridgeError(f"The editor {command[0]} did not end well ($EDITOR, or --body FILE): {error}.") from None
        return file.read_text(encoding="utf-8")
