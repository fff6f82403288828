"""The token store under kill -9: what was acknowledged is there, and the file is always whole."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.quickbooks.token_file import FileTokenStore
from bridge.quickbooks.tokens import new_key, token_key
from tests.support.clocks import ManualClock
from tests.support.quickbooks import REALM

ROOT = Path(__file__).parents[2]
SAVER = """
import asyncio, sys
from pathlib import Path
from bridge.clock import SystemClock
from bridge.quickbooks.token_file import FileTokenStore
from bridge.quickbooks.tokens import Tokens, token_key

async def save_for_ever(path, key, realm):
    store = FileTokenStore(Path(path), token_key(key), SystemClock())
    number = 0
    while True:
        number += 1
        await store.save(realm, Tokens(refresh_token=str(number), access_token="x" * 50_000))
        print(number, flush=True)

asyncio.run(save_for_ever(*sys.argv[1:]))
"""


@pytest.mark.parametrize("saves", [1, 7, 23])
def test_a_killed_process_loses_no_acknowledged_token(tmp_path: Path, saves: int) -> None:
    """Killed while it writes the next one: the last acknowledged token, or a newer one, is read; never half of one."""
    path, key = tmp_path / "tokens.enc", new_key()
    command = [sys.executable, "-c", SAVER, str(path), key, REALM]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(saves):
            acknowledged = int(process.stdout.readline())
        process.kill()
    found = asyncio.run(FileTokenStore(path, token_key(key), ManualClock()).load(REALM))
    assert found is not None
    assert int(found.refresh_token) >= acknowledged
    assert len(found.access_token or "") == 50_000
