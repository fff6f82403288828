"""How commands speak: sentences for people on a terminal, whole lines elsewhere. Tables are in `tables`.

What comes from outside (payloads, reasons, names) never reaches a terminal unescaped: an escape sequence in a dead
letter must not move the operator's cursor.
"""

from __future__ import annotations

import sys

from rich.console import Console

WIDE = 220
"""Columns where nobody looks at a screen: a line that grep reads must not be folded."""


def screen() -> Console:
    """Standard output."""
    return Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else WIDE)


def printable(text: str) -> str:
    """`text` with everything that is not a visible character (line breaks and tabs stay) written as an escape."""
    if text.isprintable():
        return text
    shown = (each if each.isprintable() or each in "\n\t" else ascii(each)[1:-1] for each in text)
    return "".join(shown)
