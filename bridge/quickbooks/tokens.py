"""OAuth tokens of one company: what they are, how they are sealed, and what keeps them.

A refresh token is the company's books in the hands of whoever holds it, so it leaves memory only encrypted, and it
changes about once a day: the newest one must be kept before the access token that came with it is used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contracts.errors import BridgeError, ConfigurationError

KEY_BYTES = 32
_NONCE_BYTES = 12
_CONTEXT = b"qbo-bridge.tokens.v1:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of one company. `repr` shows only when they end.

    `seed` is the fingerprint of the refresh token from the environment that these tokens descend from (or that was
    there when a person connected the company); None when there was none.
    """

    refresh_token: str = field(repr=False)
    access_token: str | None = field(default=None, repr=False)
    access_expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    seed: str | None = field(default=None, repr=False)


class Overtaken(BridgeError):
    """Another process has kept other tokens for this company since: theirs are newer than what was to be kept."""

    def __init__(self, realm_id: str) -> None:
        super().__init__(f"another process has kept newer tokens of company {realm_id}")


class TokenStore(Protocol):
    """Where tokens live between processes: a file, or a compacted topic. A topic that is away is Unavailable."""

    async def load(self, realm_id: str) -> Tokens | None:
        """The newest tokens of a company; None when it was never connected. ConfigurationError when unreadable."""
        ...

    async def save(self, realm_id: str, tokens: Tokens) -> None:
        """Keep `tokens` for good: on return they survive a crash. ConfigurationError when they cannot be kept."""
        ...

    async def supersede(self, realm_id: str, old: Tokens | None, new: Tokens) -> None:
        """`save`, but only over `old` or over nothing; Overtaken when another process has been here meanwhile."""
        ...

    def exclusive(self, realm_id: str) -> AbstractAsyncContextManager[None]:
        """Hold this while refreshing: one holder per company over all processes that share the store.

        A holder that was frozen may find, when it wakes, that another has taken over: it supersedes, never saves.
        """
        ...


def fingerprint(refresh_token: str) -> str:
    """What identifies a refresh token without telling it."""
    return hashlib.sha256(b"qbo-bridge.seed:" + refresh_token.encode()).hexdigest()[:32]


def token_key(text: str) -> bytes:
    """The store's key from its setting: url-safe base64 of 32 bytes. ConfigurationError otherwise."""
    bare = text.strip().rstrip("=")
    try:
        key = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigurationError("QBO_BRIDGE_TOKENS__KEY must be url-safe base64 of exactly 32 bytes")
    return key


def new_key() -> str:
    """A fresh key in the form that `token_key` reads."""
    return base64.urlsafe_b64encode(AESGCM.generate_key(bit_length=8 * KEY_BYTES)).decode()


def seal(key: bytes, realm_id: str, tokens: Tokens) -> bytes:
    """`tokens` under AES-256-GCM, bound to their company: nonce, then ciphertext with its tag."""
    nonce = os.urandom(_NONCE_BYTES)
    plain = json.dumps(
        {
            "refresh_token": tokens.refresh_token,
            "access_token": tokens.access_token,
            "access_expires_at": _written(tokens.access_expires_at),
            "refresh_expires_at": _written(tokens.refresh_expires_at),
            "seed": tokens.seed,
        }
    )
    return nonce + AESGCM(key).encrypt(nonce, plain.encode(), _CONTEXT + realm_id.encode())


def unseal(key: bytes, realm_id: str, sealed: bytes, *, former: Sequence[bytes] = ()) -> Tokens:
    """The tokens that `seal` wrote, with `key` or one of the `former` ones.

    ConfigurationError for another key, another company or damaged bytes.
    """
    opened = (plain for each in (key, *former) if (plain := _opened(each, realm_id, sealed)) is not None)
    plain = next(opened, None)
    if plain is None:
        message = (
            f"the tokens of company {realm_id} cannot be decrypted: "
            "QBO_BRIDGE_TOKENS__KEY must be the key that they were stored with. "
            "One that was replaced belongs into QBO_BRIDGE_TOKENS__FORMER_KEYS"
        )
        raise ConfigurationError(message)
    found = json.loads(plain)
    return Tokens(
        refresh_token=found["refresh_token"],
        access_token=found["access_token"],
        access_expires_at=_read(found["access_expires_at"]),
        refresh_expires_at=_read(found["refresh_expires_at"]),
        seed=found["seed"],
    )


def is_sealed_with(key: bytes, realm_id: str, sealed: bytes) -> bool:
    """True for what `seal` wrote with this key for this company."""
    return _opened(key, realm_id, sealed) is not None


def _opened(key: bytes, realm_id: str, sealed: bytes) -> bytes | None:
    nonce, cipher = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, cipher, _CONTEXT + realm_id.encode())
    except (InvalidTag, ValueError):
        return None


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
