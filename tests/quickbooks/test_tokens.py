"""Tokens leave memory only sealed, and the file that holds them is always whole."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.quickbooks.token_file import FileTokenStore
from bridge.quickbooks.tokens import Tokens, fingerprint, new_key, seal, token_key, unseal
from contracts.errors import ConfigurationError
from tests.support.clocks import ManualClock
from tests.support.quickbooks import REALM, credentials, valid_tokens

KEY = token_key(new_key())
OTHER_REALM = "9130000000000002"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A place in a folder that does not exist yet."""
    return tmp_path / "state" / "tokens.enc"


@pytest.fixture
def folder(path: Path) -> Path:
    """That folder, made."""
    path.parent.mkdir()
    return path.parent


def written(path: Path, content: bytes) -> bool:
    path.write_bytes(content)
    return True


def holds(path: Path) -> bytes:
    return path.read_bytes()


def names(folder: Path) -> dict[str, int]:
    """The files of a folder with their modes."""
    return {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in folder.iterdir()}


def store_at(path: Path, key: bytes = KEY, clock: ManualClock | None = None) -> FileTokenStore:
    return FileTokenStore(path, key, clock or ManualClock())


@given(
    st.builds(
        Tokens,
        refresh_token=st.text(st.characters(exclude_categories=["Cs"])),
        access_token=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
        seed=st.none() | st.just(fingerprint("x")),
        access_expires_at=st.none() | st.just(valid_tokens().access_expires_at),
    )
)
def test_unsealing_gives_back_what_was_sealed(tokens: Tokens) -> None:
    """Whatever the tokens are, they come back the same."""
    assert unseal(KEY, REALM, seal(KEY, REALM, tokens)) == tokens


def test_sealed_tokens_show_nothing_and_never_repeat() -> None:
    """Neither token is in the bytes, and the same tokens are sealed differently each time."""
    first, second = (seal(KEY, REALM, valid_tokens()) for _ in range(2))
    assert first != second
    assert b"refresh-0" not in first
    assert b"access-0" not in first


@pytest.mark.parametrize("cut", [0, 5, 20])
def test_a_wrong_key_company_or_byte_is_one_readable_error(cut: int) -> None:
    """Nothing is guessed from tokens that do not unseal."""
    sealed = seal(KEY, REALM, valid_tokens())
    for key, realm, raw in (
        (token_key(new_key()), REALM, sealed),
        (KEY, OTHER_REALM, sealed),
        (KEY, REALM, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (KEY, REALM, sealed[:cut]),
    ):
        with pytest.raises(ConfigurationError, match="QBO_BRIDGE_TOKENS__KEY"):
            unseal(key, realm, raw)


@pytest.mark.parametrize(
    "text",
    ["", "short", "x" * 44, new_key()[:-4], new_key().replace("=", "") + "é", "A" * 43 + "!"],
    ids=["empty", "short", "too long", "too short", "not ASCII", "not base64"],
)
def test_a_key_is_32_bytes_of_url_safe_base64(text: str) -> None:
    """Anything else says what is expected, without repeating what was given."""
    with pytest.raises(ConfigurationError, match="exactly 32 bytes") as raised:
        token_key(text)
    assert not text or text not in str(raised.value)


def test_a_new_key_is_a_key() -> None:
    """What we generate is what we read, spaces around it included and padding left out."""
    key = new_key()
    assert token_key(f" {key}\n") == token_key(key.rstrip("="))
    assert len(token_key(key)) == 32


def test_secrets_are_not_in_repr() -> None:
    """A value in a log line or a traceback tells nothing."""
    shown = f"{valid_tokens()!r} {credentials()!r} {store_at(Path('tokens.enc'))!r}"
    for secret in ("access-0", "refresh-0", "app-secret", "'seed'", repr(KEY)):
        assert secret not in shown


async def test_a_file_keeps_several_companies(path: Path) -> None:
    """Saving one company leaves the others as they were; another process reads them all."""
    store = store_at(path)
    assert await store.load(REALM) is None
    await store.save(REALM, valid_tokens())
    await store.save(OTHER_REALM, valid_tokens(refresh_token="other"))
    await store.save(REALM, valid_tokens(refresh_token="newer"))
    again = store_at(path)
    assert await again.load(REALM) == valid_tokens(refresh_token="newer")
    assert await again.load(OTHER_REALM) == valid_tokens(refresh_token="other")


async def test_the_file_is_for_its_owner_only(path: Path) -> None:
    """Mode 0600, whatever the umask."""
    previous = os.umask(0)
    try:
        await store_at(path).save(REALM, valid_tokens())
    finally:
        os.umask(previous)
    assert set(names(path.parent).values()) == {0o600}
    assert b"refresh-0" not in holds(path)


async def test_a_full_disk_leaves_the_old_tokens(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old file stays whole until the new one is on the disk, and no half-written one stays behind."""
    store = store_at(path)
    await store.save(REALM, valid_tokens())

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match="No space left on device"):
        await store.save(REALM, valid_tokens(refresh_token="newer"))
    monkeypatch.undo()
    assert await store.load(REALM) == valid_tokens()
    assert not [name for name in names(path.parent) if name.endswith(".new")]


async def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """The error names the path and the reason."""
    blocker = tmp_path / "file"
    assert written(blocker, b"")
    for act in (store_at(blocker / "tokens.enc").save(REALM, valid_tokens()), store_at(tmp_path).load(REALM)):
        with pytest.raises(ConfigurationError, match="token store"):
            await act


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"qbo-bridge.tokens.v1": 1}', b'{"qbo-bridge.tokens.v1": {"1": "?"}}', b"\xff"]
)
async def test_a_file_that_is_no_store_is_refused(path: Path, folder: Path, content: bytes) -> None:
    """A file of something else is neither read as empty nor overwritten."""
    assert written(path, content)
    with pytest.raises(ConfigurationError, match="not a token store"):
        await store_at(path).load(REALM)
    with pytest.raises(ConfigurationError, match="not a token store"):
        await store_at(path).save(REALM, valid_tokens())
    assert holds(path) == content
    assert not [name for name in names(folder) if name.endswith(".new")]


async def test_a_wrong_key_is_a_clear_error(path: Path) -> None:
    """The store of yesterday's key is not taken for an empty one."""
    await store_at(path).save(REALM, valid_tokens())
    with pytest.raises(ConfigurationError, match="QBO_BRIDGE_TOKENS__KEY"):
        await store_at(path, token_key(new_key())).load(REALM)


async def test_a_former_key_opens_the_store_which_is_sealed_anew(path: Path) -> None:
    """So the former key can be taken out of the settings; what it sealed for other companies stays theirs."""
    newer = token_key(new_key())
    for realm in (REALM, OTHER_REALM):
        await store_at(path).save(realm, valid_tokens())
    rotated = FileTokenStore(path, newer, ManualClock(), former=(token_key(new_key()), KEY))
    assert await rotated.load(REALM) == valid_tokens()
    assert await store_at(path, newer).load(REALM) == valid_tokens()
    assert await store_at(path).load(OTHER_REALM) == valid_tokens()
    with pytest.raises(ConfigurationError, match="QBO_BRIDGE_TOKENS__FORMER_KEYS"):
        await store_at(path).load(REALM)


async def test_a_store_of_the_current_key_is_not_written_when_it_is_read(path: Path) -> None:
    """Guard: each writing would be a chance to lose it."""
    await store_at(path).save(REALM, valid_tokens())
    before = holds(path)
    await FileTokenStore(path, KEY, ManualClock(), former=(token_key(new_key()),)).load(REALM)
    assert holds(path) == before


async def test_one_holder_of_a_companys_lock_at_a_time(path: Path) -> None:
    """A second process waits; another company's lock is another one."""
    clock = ManualClock()
    first, second = store_at(path), store_at(path, clock=clock)
    async with first.exclusive(REALM):
        async with second.exclusive(OTHER_REALM):
            assert clock.slept == []
        waited = second.exclusive(REALM)
        await waited.__aenter__()  # after a minute the holder is taken for frozen
        assert sum(clock.slept) == pytest.approx(60.0, abs=0.1)
        await waited.__aexit__(None, None, None)
    clock.slept.clear()
    async with second.exclusive(REALM):
        assert clock.slept == []


async def test_a_lock_ends_with_its_holder(path: Path) -> None:
    """The lock is the operating system's: it goes when its file is closed, by a crash too."""
    async with store_at(path).exclusive(REALM):
        (lock,) = names(path.parent)
        handle = os.open(path.parent / lock, os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(handle)


def test_a_fingerprint_tells_tokens_apart_without_telling_them() -> None:
    """It is stored beside the tokens to see whether the environment brings a new one."""
    assert fingerprint("a") != fingerprint("b")
    assert "secret" not in fingerprint("secret")
    assert replace(valid_tokens(), seed=None) != valid_tokens()
