"""Which markers of a note are ours: those whose pair `s` proves that the bridge wrote them for this company and entity.

`s` is the first 10 characters of the unpadded base64url of HMAC-SHA256(K, "<realm_id>/<entity>/<system>:<kind>:<id>"),
`<entity>` in QBO's spelling. Anything else that looks like a marker is a stranger's text and stays as it is. A right
`s` proves the key of the marker, not its other pairs, and not which of two documents carries it by right.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field

from contracts.entities import PRIVATE_NOTE_MAX
from contracts.keys import SourceKey
from contracts.marker import PAIR_PATTERN, Marker, MarkerField

SIGNATURE_LENGTH = 10
_CONTEXT = b"qbo-bridge marker"
_MARKER = re.compile(rf"\[qbb:(?P<system>[a-z]+):(?P<kind>[a-z_-]+):(?P<id>[^\s\]]+)(?P<pairs>(?:{PAIR_PATTERN})*)\]")
_PAIR = re.compile(PAIR_PATTERN)


def marker_key(tokens_key: bytes) -> bytes:
    """K of the signatures, from the 32 bytes that the tokens are encrypted with."""
    return hmac.digest(tokens_key, _CONTEXT, hashlib.sha256)


Span = tuple[int, int]
"""Where a part of a text begins, and where what is behind it does."""


@dataclass(frozen=True, slots=True)
class SealedNote:
    """A note and the markers in it that are ours, in their order, each with the place where it stands."""

    text: str
    ours: tuple[tuple[Marker, Span], ...]

    def find(self, key: SourceKey | None = None) -> Marker | None:
        """The first marker, with `key` the first of that document, without its signature; None when there is none."""
        return next((marker for marker, _ in self.ours if key in (None, marker.key)), None)

    @property
    def human_part(self) -> str:
        """What stands beside our markers, without the empty lines that they leave behind."""
        return "\n".join(self._human_lines()).strip("\n")

    def _human_lines(self) -> Iterator[str]:
        start = 0
        for line in self.text.splitlines(keepends=True):
            (said,), end = line.splitlines(), start + len(line)
            # because a marker holds no white space, it lies in one line whatever ends lines here
            spans = [span for _, span in self.ours if start <= span[0] < end]
            left = said
            for first, behind in reversed(spans):
                left = left[: first - start] + left[behind - start :]
            left = left.rstrip() if spans else left
            if left or not said:
                yield left
            start = end


@dataclass(frozen=True, slots=True)
class MarkerSeal:
    """Signs and recognises the markers of one company. `keys` are K and the former ones; the first signs."""

    realm_id: str
    keys: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("a seal needs a key")

    def signature(self, entity: str, key: SourceKey) -> str:
        """`s` for the marker `key` on an entity of this type."""
        return self._signature(self.keys[0], entity, key)

    def line(self, entity: str, marker: Marker) -> str:
        """The marker as it stands in a note, signed."""
        pairs = {name: value for name, value in marker.fields.items() if name != MarkerField.SIGNATURE}
        return str(Marker(marker.key, {**pairs, MarkerField.SIGNATURE: self.signature(entity, marker.key)}))

    def read(self, entity: str, note: str | None) -> SealedNote:
        """`note` with the markers in it that are ours, each proved once."""
        text = note or ""
        return SealedNote(text, tuple(self._ours(entity, text)) if "[qbb:" in text else ())

    def find(self, entity: str, note: str | None) -> Marker | None:
        """The first marker in `note` that is ours, without its signature; None when there is none.

        Keys of pairs that this release does not know are kept.
        """
        return self.read(entity, note).find()

    def human_part(self, entity: str, note: str | None) -> str:
        """What is in `note` beside our marker's line, without the empty line that the marker leaves behind."""
        return self.read(entity, note).human_part

    def write(self, entity: str, note: str | None, marker: Marker, *, length_max: int = PRIVATE_NOTE_MAX) -> str:
        """`note` with `marker`, signed, as its last line in place of any of ours that it has.

        A person's text is kept whole unless both do not fit in `length_max` characters (QBO: PrivateNote 4000, Notes
        2000); then the text loses its end, never the marker.
        """
        line = self.line(entity, marker)
        human = self.human_part(entity, note)[: max(length_max - len(line) - 1, 0)].rstrip("\n")
        return f"{human}\n{line}" if human else line

    def _ours(self, entity: str, note: str) -> Iterator[tuple[Marker, Span]]:
        for found in _MARKER.finditer(note):
            key = SourceKey(found["system"], found["kind"], found["id"])
            pairs = dict(_PAIR.findall(found["pairs"]))
            if self._is_right(pairs.pop(MarkerField.SIGNATURE, ""), entity, key):
                yield Marker(key, pairs), found.span()

    def _is_right(self, said: str, entity: str, key: SourceKey) -> bool:
        # because anybody can type a marker into a memo, or copy one from another type of document
        return said.isascii() and any(
            hmac.compare_digest(said, self._signature(each, entity, key)) for each in self.keys
        )

    def _signature(self, key: bytes, entity: str, named: SourceKey) -> str:
        digest = hmac.digest(key, f"{self.realm_id}/{entity}/{named}".encode(), hashlib.sha256)
        return urlsafe_b64encode(digest).decode()[:SIGNATURE_LENGTH]
