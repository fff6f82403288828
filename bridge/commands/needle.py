"""Whether the bytes of an event can hold a name, without reading the event. Pure.

Reading thousands of dead letters to find the few that a question is about is most of an answer's time. JSON may write
any character as an escape, and wrappers may hold the event as base64: of such bytes, and of names with characters that
JSON writes in several ways, nothing is ruled out.
"""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z0-9_.-]*")
_ESCAPE = b"\\u00"
_ESCAPED = re.compile(rb"\\u00(?:2[de]|3[0-9]|4[1-9a-f]|5[0-9acf]|6[1-9a-f]|7[0-9a])", re.IGNORECASE)
"""The escape of a character of a plain name, or of the backslash, which may begin another escape within a string."""
_SPACE = rb"[\s\\nrtu0-9ad]*"
"""White space as it is and as JSON escapes it, and the backslashes before a quote within a string."""
_PACKED = {
    name: re.compile(name + rb'\\*"' + _SPACE + b":" + _SPACE + b'"')
    for name in (b"data", b"data_base64", b"payload", b"body")
}
"""Under which names wrappers hold an event as text, which may be base64."""


def is_opaque(value: bytes) -> bool:
    """Whether names in an event may be written otherwise than byte for byte."""
    return (
        value[:16].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in {b"{", b"["}
        or (_ESCAPE in value and _ESCAPED.search(value) is not None)
        or any(name in value and packed.search(value) is not None for name, packed in _PACKED.items())
    )


def may_hold(value: bytes, name: str, *, opaque: bool) -> bool:
    """Whether an event may hold `name`; `opaque` is what `is_opaque` says of its bytes."""
    return opaque or _PLAIN.fullmatch(name) is None or name.encode() in value
