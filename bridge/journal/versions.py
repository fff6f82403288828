"""Versions and links that QBO does not show, kept for the next owner.

A newer body that changed nothing in the books, or a document that was cancelled before anything was booked, leaves no
trace in QBO; without its version an older event would be taken for news. A link says what a charge or a payment intent
is part of before its money or its document is in the books.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bridge.index.payment_links import noted, read_note
from bridge.journal.entries import VERSION
from contracts.keys import SourceKey
from contracts.money import written_out
from contracts.posting import Version


def version_key(document: SourceKey | str) -> str:
    """Where the journal keeps the version, or the link, of a document."""
    return VERSION.key(str(document))


def version_value(version: Version) -> bytes:
    """The journal's entry of a version; of links the wholes that they name."""
    documents = read_note(version)
    if documents:
        named = {str(document): None if share is None else written_out(share) for document, share in documents.items()}
        first = str(next(each for each in sorted(documents) if each.kind != "payment_intent"))
        # because an earlier release reads the first of them and no shares
        shares = {} if named == {first: None} else {"shares": named}
        return VERSION.value({"of": first, **shares})
    return VERSION.value({"updated_at": version.updated_at, "rank": version.rank, "content": version.content})


def read_versions(journal: Mapping[str, bytes]) -> dict[SourceKey, Version]:
    """The versions and links in a journal. UnreadableJournal for a format that is not known here."""
    return dict(VERSION.read_all(journal, _version))


def read_version(key: str, value: bytes) -> Version:
    """One of them."""
    return VERSION.read(key, value, _version)[1]


def _version(name: str, fields: Mapping[str, Any]) -> tuple[SourceKey, Version]:
    document = SourceKey.parse(name)
    if "of" in fields:
        shares = fields.get("shares") or {fields["of"]: None}
        known = {SourceKey.parse(each): None if share is None else Decimal(share) for each, share in shares.items()}
        return document, noted(known)
    return document, Version(int(fields["updated_at"]), int(fields["rank"]), str(fields["content"]))
