"""`qbo-bridge run` that is told to stop at one exact instant of its start ends with 0."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

STRIKER = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Strike(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "{module}":
            os.kill(os.getpid(), signal.{signal})

sys.meta_path.insert(0, Strike())
from bridge.cli.app import main
main()
"""

COMPANY = """
[kafka]
bootstrap_servers = "127.0.0.1:1"
[http]
port = 0
[[companies]]
name = "acme"
realm_id = "91"
environment = "sandbox"
client_id = "c"
"""


def ends(tmp_path: Path, module: str, *, command: str = "run", number: str = "SIGTERM") -> int:
    """The exit code of a start that is struck when it begins to import `module`."""
    config = tmp_path / "bridge.toml"
    config.write_text(COMPANY)
    script = STRIKER.format(signal=number, module=module)
    words = [sys.executable, "-c", script, command, "--config", str(config)]
    return subprocess.run(words, capture_output=True, check=False, timeout=60).returncode


@pytest.mark.parametrize("module", ["typer", "bridge.config.settings", "aiokafka", "uvicorn", "bridge.service.serving"])
def test_a_stop_while_the_libraries_are_imported_ends_with_0(tmp_path: Path, module: str) -> None:
    """It once ended with 143, or with 1 and a traceback. Guard: `bridge.cli.early`."""
    assert ends(tmp_path, module) == 0


def test_ctrl_c_at_the_start_ends_with_0_too(tmp_path: Path) -> None:
    """As it does later."""
    assert ends(tmp_path, "aiokafka", number="SIGINT") == 0


def test_other_commands_end_as_the_system_says(tmp_path: Path) -> None:
    """Whoever interrupts a report wants to know that it did not end by itself."""
    assert ends(tmp_path, "typer", command="doctor") == -signal.SIGTERM
