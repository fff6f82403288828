"""Names, numbers and texts in the form that QBO takes, without losing what tells two of them apart."""

from __future__ import annotations

import hashlib
import re

from contracts.entities import DESCRIPTION_MAX, SKU_MAX

_ILLEGAL = re.compile(r"[:\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_EMAIL = re.compile(r"[^\s@<>\"(),;:\\\[\]]+@[^\s@<>\"(),;:\\\[\]]+\.[^\s@<>\"(),;:\\\[\]]+")

OWN_SKU = "qbo-bridge-"
"""Begins the SKU of each item that the bridge made for itself."""
PRODUCT_SKU = "shopify-product-"
"""Begins the SKU that the bridge gives to a product without one."""
_ESCAPED_SKU = f"{OWN_SKU}sku-"

_ILLEGAL_SKU = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffe\uffff]")

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


def one_line(text: str | None) -> str:
    """`text` without control characters and runs of blanks, empty for nothing."""
    return " ".join(_CONTROL.sub(" ", text or "").split())


def cut(text: str | None, length_max: int) -> str | None:
    """One line of at most `length_max` characters, None for nothing."""
    return one_line(text)[:length_max].rstrip() or None


def email_address(text: str | None) -> str | None:
    """An address that QBO accepts, as written; None for one that it would refuse (masked, too long, several)."""
    found = (text or "").strip()
    return found if len(found) <= EMAIL_MAX and found.isascii() and _EMAIL.fullmatch(found) else None


def email_key(email: str) -> str:
    """What stands for an e-mail address in a key: keys are logged and published, addresses must not be."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:20]


def stored_sku(code: str) -> str | None:
    """The SKU under which QBO has an item that the source calls `code`; None where QBO cannot hold it.

    It is the code itself, but for one that looks like a name of the bridge: that one stands behind a prefix of its own,
    so that nothing a source says ever leads to an item of the bridge.
    """
    lowered = code.lower()
    reserved = lowered.startswith((OWN_SKU, PRODUCT_SKU))
    stored = f"{_ESCAPED_SKU}{code}" if reserved else code
    return stored if 0 < len(stored) <= SKU_MAX and not _ILLEGAL_SKU.search(code) else None


def is_of_the_bridge(sku: str | None) -> bool:
    """True for the SKU of an item that the bridge made for itself: no product is ever sold as it."""
    lowered = (sku or "").lower()
    return lowered.startswith(OWN_SKU) and not lowered.startswith(_ESCAPED_SKU)


def own_sku(name: str) -> str:
    """The SKU of an item of the bridge itself; a long name keeps what tells it apart."""
    sku = OWN_SKU + name
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    return sku if len(sku) <= SKU_MAX else f"{sku[: SKU_MAX - 11]}-{digest}"
