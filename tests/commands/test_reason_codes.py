"""The reason codes that may be asked for are those that the program says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from bridge.commands.dead_letters.causes import REMEDIES
from bridge.commands.dead_letters.standing import DEAD_LETTER_CODES
from bridge.commands.results import RESULT_CODES
from contracts.opening import BEFORE_BOOKS_START
from contracts.results import POSSIBLE_DUPLICATE

ROOT = Path(__file__).parents[2]
APART = ("bridge/sandbox", "bridge/demo", "bridge/service/asyncapi")
"""What speaks no reason codes of its own."""
SAYS = {"Ignored": "code", "Reason": "code", "RejectedPosting": "reason_code", "Disposition": "reason_code"}
NAMED = {"BEFORE_BOOKS_START": BEFORE_BOOKS_START, "POSSIBLE_DUPLICATE": POSSIBLE_DUPLICATE}
PINNED_ALONE = {"not_yet_mapped"}
"""What the contract of the bus pins and nothing says today."""


def said_in_the_code() -> dict[str, str]:
    """Every reason code that a call or an error of a record names, with where."""
    found: dict[str, str] = {}
    for folder in ("contracts", "mappings", "bridge"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            where = str(path.relative_to(ROOT))
            if not where.startswith(APART):
                for code in _codes(ast.parse(path.read_text())):
                    found.setdefault(code, where)
    return found


def _codes(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYS:
            yield from (_text(each.value) for each in node.keywords if each.arg == SAYS[node.func.id])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Skipped":
            yield _text(node.args[0])
        elif isinstance(node, ast.ClassDef) and any(_is_error(base) for base in node.bases):
            for each in node.body:
                target = each.targets[0] if isinstance(each, ast.Assign) else getattr(each, "target", None)
                if isinstance(target, ast.Name) and target.id == "code":
                    yield _text(each.value)  # type: ignore[attr-defined]


def _is_error(base: ast.expr) -> bool:
    return isinstance(base, ast.Name) and base.id in {"RecordError", "BridgeError", "RejectedPosting"}


def _text(value: ast.expr) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    return NAMED.get(value.id, "") if isinstance(value, ast.Name) else ""


def test_every_code_that_is_said_may_be_asked_for() -> None:
    """Guard: a code that a new mapping says and no filter knows is found."""
    unknown = {code: where for code, where in said_in_the_code().items() if code and code not in RESULT_CODES}
    assert unknown == {}


def test_no_code_may_be_asked_for_that_nothing_says() -> None:
    """A filter for it would always be empty."""
    said = {*said_in_the_code(), POSSIBLE_DUPLICATE}
    assert RESULT_CODES - said - PINNED_ALONE == set()


def test_every_code_of_a_dead_letter_has_a_remedy() -> None:
    """Guard: `REMEDIES`."""
    assert set(DEAD_LETTER_CODES) == set(REMEDIES)
