"""One word, one thing: no name is a word that the dictionary replaced, and a class name means one class."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.imports import ROOT, tree_of

PACKAGES = ("bridge", "contracts", "mappings")
NOT_WORDS = frozenset(
    "purse told fate lesson learnable learn judge judged tie ties twin twins rehomed untouched promised beside gone "
    "recollection news freshness fresh tenure steady hurry unheard courier tally emptied lying stray strays teller "
    "tenant machine patience born".split()
)
"""Words that meant several things, or needed a docstring: what to say instead is in the glossary."""
NOT_NAMES = frozenset(
    "look look_again claim_write others_on reflects let_go to_keep lost_marks portion put_on_again hold_payments "
    "why_not_real marks TakeFewer Inside Board Work Held Asked News CompanyFacts LOOKS_MAX ROUNDS_MAX".split()
)
PINNED = frozenset({"freshness_s"})
"""Keys of the configuration, which installations have written."""


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, tree_of(path.read_text(encoding="utf-8"))


def _defined(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that a module gives: classes, functions, arguments, variables, fields and attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, node.lineno
            case ast.arg(arg=name):
                yield name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno


def _words(name: str) -> set[str]:
    return set(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_"))


def test_no_name_is_a_word_that_the_dictionary_has_replaced() -> None:
    """Guard: a variable `told`, or a class `Teller`, is found wherever it is."""
    found = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path, tree in _modules()
        for name, line in (*_defined(tree), (path.stem, 1))
        if name not in PINNED and (_words(name) & NOT_WORDS or name.lstrip("_") in NOT_NAMES)
    ]
    assert found == []


def test_a_class_name_means_one_class() -> None:
    """Guard: a second public class `Sale` or `Answer` in any room is found."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path, tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
