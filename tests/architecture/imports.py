"""Which module imports what, read from the sources without running them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("contracts", "mappings", "bridge")


@dataclass(frozen=True, slots=True)
class Import:
    """`module` imports `name`, a module or something in one, at `line`."""

    module: str
    name: str
    line: int

    @property
    def top(self) -> str:
        """The package that the name begins with."""
        return self.name.split(".", maxsplit=1)[0]

    @property
    def third_party(self) -> bool:
        """True for what neither we nor Python itself wrote."""
        return self.top not in PACKAGES and self.top not in sys.stdlib_module_names

    @property
    def ours(self) -> bool:
        """True for what lies in one of our packages."""
        return self.top in PACKAGES

    def target(self, modules: Collection[str]) -> str | None:
        """The module of ours that is meant, by its longest name; of anything else the library."""
        if not self.ours:
            return "urllib.request" if within(self.name, "urllib.request") else self.top
        parts = self.name.split(".")
        names = (".".join(parts[:length]) for length in range(len(parts), 1, -1))
        return next((name for name in names if name in modules), None)

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.name}"


@cache
def imports() -> tuple[Import, ...]:
    """Every import of our packages, those inside functions and under TYPE_CHECKING too."""
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple(found for path in files for found in imports_of(module_name(path), path.read_text(encoding="utf-8")))


def module_name(path: Path) -> str:
    """The dotted name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(source: str) -> ast.Module:
    """A source text, parsed; each once, because several tests read all of them."""
    return ast.parse(source)


def imports_of(module: str, source: str) -> list[Import]:
    """The imports in one source text; `from a import b` counts as `a.b`, which may be a module."""
    found: list[Import] = []
    for node in _statements(tree_of(source)):
        if isinstance(node, ast.Import):
            found += [Import(module, alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [Import(module, f"{node.module}.{alias.name}", node.lineno) for alias in node.names]
    return found


def _statements(block: ast.AST) -> Iterator[ast.AST]:
    """Every statement inside, without the expressions, which are most of a tree and hold no import."""
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        inside = getattr(block, name, ())
        for each in inside if isinstance(inside, list) else ():
            yield each
            yield from _statements(each)


def within(module: str, *packages: str) -> bool:
    """True when `module` is one of `packages` or lies in one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)
