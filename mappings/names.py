"""Names, numbers and texts in the form that QBO takes, without losing what tells two of them apart."""

from __future__ import annotations

import hashlib
import re

from contracts.entities import DESCRIPTION_MAX

_ILLEGAL = re.compile(r"[:\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_EMAIL = re.compile(r"[^\s@<>\"(),;:\\\[\]]+@[^\s@<>\"(),;:\\\[\]]+\.[^\s@<>\"(),;:\\\[\]]+")

EMAIL_MAX = 100
"""QBO's PrimaryEmailAddr and BillEmail."""


def legal_name(text: str | None, length_max: int, *, fallback: str = "") -> str:
    """`text` as a name in QBO: no colon, tab, line break or control character, single spaces, at most `length_max`."""
    cleaned = " ".join(_ILLEGAL.sub(" ", text or "").split())
    return cleaned[:length_max].rstrip() or fallback


def description(*parts: str | None) -> str | None:
    """The parts that are there, joined by a dash, each once, in at most 4,000 characters; None for nothing."""
    kept = dict.fromkeys(_CONTROL.sub(" ", part).strip() for part in parts if part and part.strip())
    return " - ".join(kept)[:DESCRIPTION_MAX] or None


def cut(text: str | None, length_max: int) -> str | None:
    """One line of at most `length_max` characters, None for nothing."""
    return " ".join(_CONTROL.sub(" ", text or "").split())[:length_max].rstrip() or None


def email_address(text: str | None) -> str | None:
    """An address that QBO accepts, as written; None for one that it would refuse (masked, too long, several)."""
    found = (text or "").strip()
    return found if len(found) <= EMAIL_MAX and found.isascii() and _EMAIL.fullmatch(found) else None


def email_key(email: str) -> str:
    """What stands for an e-mail address in a key: keys are logged and published, addresses must not be."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:20]


def key_text(text: str) -> str:
    """`text` inside a key: the marker's grammar has no blanks and no closing bracket."""
    return re.sub(r"[\s\]]+", "_", text.strip())
