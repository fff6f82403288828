"""What of a plan a service is asked to do: its lines, as the owner holds each slice against them again. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from bridge.commands.backfill.planned_documents import Rehearsed, entity_name
from bridge.journal.job_lines import JobLine
from contracts.entities import NAME_LISTS
from contracts.records import Place
from contracts.rehearsal import RehearsedWrite, is_rehearsed


def accepted_lines(
    now: Rehearsed, places: Mapping[Place, str], left: Collection[str], writes: Iterable[RehearsedWrite]
) -> Iterator[JobLine]:
    """The lines of the documents that are not left, `places` being those of the range by their documents."""
    # because the first document that needs a customer may write it, and the others then rest on what that made of it
    written = {entity_name(each.place) for each in writes if each.entity in NAME_LISTS and not is_rehearsed(each.ident)}
    groups = _groups(now)
    by_document: dict[str, list[Place]] = defaultdict(list)
    for place, document in places.items():
        by_document[document].append(place)
    for name, line in now.lines.items():
        if name not in left:
            tokens = {each: token for each, token in line.sync_tokens.items() if each not in written}
            yield JobLine(name, line.would, groups.get(name, name), tokens, tuple(by_document[name]))


def _groups(now: Rehearsed) -> dict[str, str]:
    """The group of each document that needs another one, named after one of them."""
    groups: dict[str, str] = {}
    members: dict[str, set[str]] = {}
    for together in now.together:
        joined = {groups[each] for each in together if each in groups}
        whole = set(together).union(*(members.pop(name) for name in joined))
        name = min(whole)
        members[name] = whole
        groups |= dict.fromkeys(whole, name)
    return groups
