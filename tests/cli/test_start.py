"""What a command does before it begins: as little as it can, because a person waits."""

from __future__ import annotations

import subprocess
import sys

SHAPES = """
import bridge.cli.app, bridge.commands.explain.command
from contracts.bodies import Body
from contracts.results import Result

def kinds(model):
    return {model, *(each for one in model.__subclasses__() for each in kinds(one))}

print(sorted(each.__name__ for model in (Body, Result) for each in kinds(model)
             if each.__pydantic_complete__))
"""
GARBAGE = (
    "import sys; sys.argv = ['qbo-bridge', {command!r}]; import bridge.cli.early, gc; print(gc.get_threshold()[0])"
)


def said_by(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_no_shape_of_a_body_or_result_is_built_before_it_is_read() -> None:
    """They are a quarter of what a command imports. Guard: `defer_build` of each base."""
    assert said_by(SHAPES) == "[]"


def test_a_command_looks_for_garbage_seldom_and_a_service_as_ever() -> None:
    """Guard: the branch in `bridge.cli.early`."""
    as_ever = said_by("import gc; print(gc.get_threshold()[0])")
    assert [said_by(GARBAGE.format(command=command)) for command in ("explain", "run")] == ["100000", as_ever]
