"""The kinds of value that a setting can have: addresses, paths that count from the file's folder, the token key.

Their ValueErrors are never shown: the sentence that a person reads is the setting's own description.
"""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

_SERVERS = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s,:\[\]]+):\d{1,5}")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ValueError("no such file")
    return path


def _flag(value: object) -> bool:
    """TOML's own true and false, and their words from the environment: "no" in quotes is a mistake, not a no."""
    words = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in words:
        raise ValueError("neither true nor false")
    return words[value.lower()]


def _servers(text: str) -> str:
    if not all(_SERVERS.fullmatch(server.strip()) for server in text.split(",")):
        raise ValueError("not host:port")
    return text


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("not an origin")
    return url.rstrip("/")


def http_address(url: str) -> str:
    """`url` when it is an address of HTTP with a host. ValueError for any other text."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("not an address")
    return url


def _key(secret: SecretStr) -> SecretStr:
    token_key_bytes(secret)
    return secret


def token_key_bytes(secret: SecretStr) -> bytes:
    """The 32 bytes that the url-safe base64 text of `secret` stands for. ValueError when it says otherwise."""
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if len(key) != 32:
        raise ValueError("not 32 bytes")
    return key


ExistingFile = Annotated[Path, AfterValidator(_existing)]
Flag = Annotated[bool, BeforeValidator(_flag)]
TopicName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
Origin = Annotated[str, AfterValidator(_origin)]
Address = Annotated[str, AfterValidator(http_address)]
Duration = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Servers = Annotated[str, AfterValidator(_servers)]
TokenKey = Annotated[SecretStr, AfterValidator(_key)]
