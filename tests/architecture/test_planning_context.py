"""Only the planning context collects writes: a phase asks it by a method, and assigns nothing into it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.imports import ROOT

PLANNING = ROOT / "bridge" / "planning"
CHANGES = frozenset(
    "append add update extend insert pop popitem setdefault discard remove clear __setitem__ __setattr__".split()
)
"""Methods of lists, sets and dicts that change them."""


def _contexts(function: ast.FunctionDef) -> frozenset[str]:
    """The names by which a function knows a context: arguments of that type, and what it makes of the class."""
    arguments = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    given = {each.arg for each in arguments if each.annotation and "PlanningContext" in ast.unparse(each.annotation)}
    made = {
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and "PlanningContext(" in ast.unparse(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return frozenset(given | made)


def _inside(node: ast.expr, names: frozenset[str]) -> bool:
    """True for an attribute of a context, or for anything in one."""
    if not isinstance(node, ast.Attribute | ast.Subscript):
        return False
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return isinstance(node, ast.Name) and node.id in names


def changes(source: str) -> Iterator[str]:
    """What functions of `source` change in a context that is not their own."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        names = _contexts(function)
        for node in ast.walk(function):
            match node:
                case ast.Assign(targets=targets) | ast.Delete(targets=targets):
                    found = any(_inside(each, names) for each in targets)
                case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                    found = _inside(target, names)
                case ast.Call(func=ast.Attribute(value=value, attr=method)):
                    found = method in CHANGES and _inside(value, names)
                case _:
                    found = False
            if found:
                yield f"{function.name}: {ast.unparse(node)}"


def test_nobody_but_the_context_changes_it() -> None:
    """Guard: a phase that puts a need, a draft or a wish for another plan into it by hand is found."""
    files = [path for path in sorted(PLANNING.rglob("*.py")) if path.name != "context.py"]
    found = [f"{path.relative_to(ROOT)} {each}" for path in files for each in changes(path.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    "change",
    [
        "context.steps[step.id] = step",
        "context.must_replan = True",
        "context.must_replan |= bool(found)",
        "context.drafts.setdefault(key, draft)",
        "context.resolutions[position].append(resolution)",
        "del context.steps[step.id]",
    ],
)
def test_each_way_of_changing_it_is_seen(change: str) -> None:
    """Guard: the test above finds every kind of change, and not what a phase only reads."""
    head = "def plan(context: PlanningContext, step: PlannedStep) -> None:\n    "
    assert list(changes(head + change)) == [f"plan: {change}"]
    assert list(changes(head + "found = context.steps[step.id]\n    found = context.index.get(key)")) == []
