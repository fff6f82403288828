"""What compares events with the books starts without the machine that books them: a person waits for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

MACHINE = ("faststream", "bridge.service.app", "bridge.company.pipeline", "bridge.posting.poster")


@pytest.mark.parametrize("command", ["verify", "reconcile"])
def test_an_answer_does_not_wait_for_the_import_of_the_machine(command: str) -> None:
    """Guard: they are given a client and two tables, and no runtime."""
    program = f"import sys, bridge.commands.{command}.command; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert not set(MACHINE) & set(ended.stdout.split())
