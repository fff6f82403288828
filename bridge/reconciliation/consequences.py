"""One difference for one mistake: what differs only because another document of its sale does. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bridge.reconciliation.differences import NOT_THERE, DifferenceKind
from bridge.reconciliation.lines import DocumentLine
from contracts.keys import SourceKey
from contracts.marker import SALES


def without_consequences(lines: Sequence[DocumentLine]) -> list[DocumentLine]:
    """One difference for one mistake: what a missing sale takes with it, and what missing money leaves open."""
    by_sale: dict[SourceKey, list[DocumentLine]] = {}
    for line in lines:
        if line.difference is not None and line.sale is not None:
            by_sale.setdefault(line.sale, []).append(line)
    causes = {id(line): cause for several in by_sale.values() for line, cause in _consequences(several)}
    with_it: dict[int, list[str]] = {}
    for line in lines:
        if line.difference is not None and id(line) in causes:
            with_it.setdefault(id(causes[id(line)]), []).append(line.difference.name)
    return [_of_one_mistake(line, id(line) in causes, with_it.get(id(line), ())) for line in lines]


def _of_one_mistake(line: DocumentLine, is_consequence: bool, with_it: Sequence[str]) -> DocumentLine:  # noqa: FBT001
    if line.difference is None:
        return line
    if is_consequence:
        return replace(line, difference=None, is_consequence=True)
    return replace(line, difference=replace(line.difference, with_it=tuple(with_it)))


def _consequences(lines: Sequence[DocumentLine]) -> Iterator[tuple[DocumentLine, DocumentLine]]:
    """The lines of one sale that differ only because of another one, and that one."""
    kinds = {id(line): line.difference.kind for line in lines if line.difference is not None}
    sale = next((line for line in lines if line.entity in SALES and kinds[id(line)] in NOT_THERE), None)
    for line in lines:
        kind = kinds[id(line)]
        if sale is not None and line is not sale and kind in NOT_THERE:
            yield line, sale  # because money of a sale that is not there waits for it
        elif kind is DifferenceKind.BALANCE:
            cause = next((each for each in lines if each is not line and kinds[id(each)] is not kind), None)
            if cause is not None:
                yield line, cause
