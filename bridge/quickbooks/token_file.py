"""The token store as one file for all companies: encrypted per company, replaced whole, readable by its owner only.

A crash at any point leaves the old file or the new one. Two processes on one machine may share the file: a short lock
guards each replacement, and a lock per company is held while its tokens are refreshed, so that companies never wait
for each other's token endpoint.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import structlog

from bridge.clock import Clock
from bridge.quickbooks.tokens import Overtaken, Tokens, is_sealed_with, seal, unseal
from contracts.errors import ConfigurationError

_FORMAT = "qbo-bridge.tokens.v1"
_LOCK_POLL_S = 0.05
_LOCK_WAIT_S = 60.0

log = structlog.get_logger(__name__)


class FileTokenStore:
    """A `TokenStore` in the file `path`, sealed with the 32 bytes of `key`; its locks are empty files beside it.

    What one of the `former` keys sealed is sealed anew when it is loaded.
    """

    def __init__(self, path: Path, key: bytes, clock: Clock, *, former: Sequence[bytes] = ()) -> None:
        self._path = path
        self._key = key
        self._former = tuple(former)
        self._clock = clock

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self._path)!r})"

    async def load(self, realm_id: str) -> Tokens | None:
        """The company's tokens; a missing file is an empty store."""
        sealed = self._entries().get(realm_id)
        if sealed is None or is_sealed_with(self._key, realm_id, sealed):
            return self._tokens(realm_id)
        async with self._advisory_lock("file"):
            tokens = self._tokens(realm_id)
            if tokens is not None:
                self._write(realm_id, tokens)
            return tokens

    async def save(self, realm_id: str, tokens: Tokens) -> None:
        """Write the company's tokens beside those of the others; flushed to the disk before it returns."""
        async with self._advisory_lock("file"):
            self._write(realm_id, tokens)

    async def supersede(self, realm_id: str, old: Tokens | None, new: Tokens) -> None:
        """Write over `old` or over nothing, looked up under the lock of the file."""
        async with self._advisory_lock("file"):
            if self._tokens(realm_id) not in (None, old):
                raise Overtaken(realm_id)
            self._write(realm_id, new)

    def _tokens(self, realm_id: str) -> Tokens | None:
        sealed = self._entries().get(realm_id)
        return unseal(self._key, realm_id, sealed, former=self._former) if sealed is not None else None

    def _write(self, realm_id: str, tokens: Tokens) -> None:
        entries = {**self._entries(), realm_id: seal(self._key, realm_id, tokens)}
        try:
            _replace(self._path, _document(entries))
        except OSError as error:
            raise ConfigurationError(f"the token store {self._path} cannot be written: {error.strerror}") from error

    @contextlib.asynccontextmanager
    async def exclusive(self, realm_id: str) -> AsyncIterator[None]:
        """The company's refresh lock, over all processes on this machine."""
        async with self._advisory_lock(hashlib.sha256(realm_id.encode()).hexdigest()[:12]):
            yield

    @contextlib.asynccontextmanager
    async def _advisory_lock(self, name: str) -> AsyncIterator[None]:
        """An advisory lock that ends with its process, however that ends.

        A holder that does not let go within a minute is taken for frozen, and what it guards goes on without it.
        """
        until = self._clock.monotonic() + _LOCK_WAIT_S
        handle = self._lock_file(self._path.with_name(f"{self._path.name}.{name}.lock"))
        try:
            while not _locked(handle):
                if self._clock.monotonic() >= until:
                    log.warning("qbo.token_lock_ignored", path=str(self._path))
                    break
                await self._clock.sleep(_LOCK_POLL_S)
            yield
        finally:
            os.close(handle)

    def _lock_file(self, path: Path) -> int:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigurationError(f"the token store {self._path} cannot be written: {error.strerror}") from error

    def _entries(self) -> dict[str, bytes]:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ConfigurationError(f"the token store {self._path} cannot be read: {error.strerror}") from error
        try:
            entries = json.loads(raw)[_FORMAT]
            return {realm_id: base64.b64decode(sealed, validate=True) for realm_id, sealed in entries.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigurationError(f"{self._path} is not a token store of this program, or it is damaged") from None


def _document(entries: dict[str, bytes]) -> bytes:
    written = {realm_id: base64.b64encode(sealed).decode() for realm_id, sealed in sorted(entries.items())}
    return json.dumps({_FORMAT: written}, indent=1).encode() + b"\n"


def _replace(path: Path, content: bytes) -> None:
    """Put `content` in the place of `path` in one step, on the disk and not only in its cache."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
