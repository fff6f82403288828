"""The marker: our one line in PrivateNote (Notes of a customer) that says which source document an entity is.

`[qbb:shopify:order:450789469 v=1732220000.3 h=9f2c1a7e t=398.00]`. It is found wherever it stands in the note; what
a person wrote beside it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.entities import PRIVATE_NOTE_MAX
from contracts.keys import SourceKey

_MARKER = re.compile(r"\[qbb:(?P<system>[a-z]+):(?P<kind>[a-z_-]+):(?P<id>[^\s\]]+)(?P<pairs>(?: [a-z]+=[^\s\]]*)*)\]")
_PAIR = re.compile(r" ([a-z]+)=([^\s\]]*)")


@dataclass(frozen=True, slots=True)
class Marker:
    """The key of the source document and the short facts that travel with it (`v` version, `h` hash, `t` total …)."""

    key: SourceKey
    fields: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        pairs = "".join(f" {name}={value}" for name, value in self.fields.items())
        return f"[qbb:{self.key}{pairs}]"


def find_marker(note: str | None) -> Marker | None:
    """The first marker in `note`, None when there is none."""
    found = _MARKER.search(note or "")
    if found is None:
        return None
    key = SourceKey(found["system"], found["kind"], found["id"])
    return Marker(key, dict(_PAIR.findall(found["pairs"])))


def human_part(note: str | None) -> str:
    """What is in `note` beside the marker's line, without the empty line that the marker leaves behind."""
    lines = [_MARKER.sub("", line).rstrip() if _MARKER.search(line) else line for line in (note or "").splitlines()]
    kept = [line for line, before in zip(lines, (note or "").splitlines(), strict=True) if line or not before]
    return "\n".join(kept).strip("\n")


def with_marker(note: str | None, marker: Marker, *, length_max: int = PRIVATE_NOTE_MAX) -> str:
    """`note` with `marker` as its last line in place of any marker that it has.

    A person's text is kept whole unless both do not fit in `length_max` characters (QBO: PrivateNote 4000, Notes
    2000); then the text loses its end, never the marker.
    """
    line = str(marker)
    human = human_part(note)[: max(length_max - len(line) - 1, 0)].rstrip("\n")
    return f"{human}\n{line}" if human else line
