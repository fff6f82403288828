"""Customers and items are found by what they are, not by a marker alone.

A customer: by our key in Notes, then by e-mail, always in the document's currency (QBO fixes a customer's currency at
creation). Two people are never merged: a name alone does not make somebody else's customer ours, unless the draft says
that it may. An item: by its whole SKU, letter case aside, else by name; the bridge's own items by their SKU only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import chain, count

from bridge.index.known_customer import KnownCustomer, listed
from contracts.entities import DISPLAY_NAME_MAX, ITEM_NAME_MAX, Entity, part
from contracts.keys import SourceKey
from contracts.lists import CHANNEL
from contracts.marker_seal import MarkerSeal
from contracts.quickbooks import CustomerDraft, ItemDraft
from mappings.names import is_of_the_bridge, legal_name


def legal_key(name: str) -> str:
    """A name as QBO compares it: letter case aside."""
    return " ".join(name.split()).casefold()


def email_of(text: object) -> str | None:
    """An e-mail address in one spelling, None for none."""
    cleaned = str(text or "").strip().casefold()
    return cleaned if "@" in cleaned else None


@dataclass(frozen=True, slots=True)
class _Known:
    id: str
    name: str
    currency: str | None
    email: str | None
    key: SourceKey | None
    usable: bool = True
    own: bool = False


class NameList:
    """One name list of QBO: entities by name, and by what else they are known by; `seal` tells what is ours."""

    def __init__(self, seal: MarkerSeal) -> None:
        self._seal = seal
        self._by_name: dict[str, _Known] = {}
        self._by_key: dict[tuple[SourceKey, str | None], str] = {}
        self._by_email: dict[tuple[str, str | None], _Known] = {}
        self._by_sku: dict[str, _Known] = {}
        self._sku_of: dict[str, str] = {}
        self._by_id: dict[str, _Known] = {}
        self._foreign: set[str] = set()
        self._dropped: set[str] = set()
        self._listed: dict[str, KnownCustomer] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def reserve_name(self, name: str) -> None:
        """Note that `name` belongs to something outside this list (a vendor, an employee)."""
        self._foreign.add(legal_key(name))

    def is_taken(self, name: str) -> bool:
        """True when QBO would refuse `name` for a new entity."""
        return legal_key(name) in self._by_name or legal_key(name) in self._foreign

    def forget(self, ident: str) -> None:
        """Drop one entity: it is gone or inactive."""
        self._dropped.add(ident)
        self._listed.pop(ident, None)
        known = self._by_id.pop(ident, None)
        if known is None:
            return
        self._by_name = {name: value for name, value in self._by_name.items() if value.id != ident}
        self._by_sku.pop(self._sku_of.pop(ident, ""), None)
        self._by_email = {mail: value for mail, value in self._by_email.items() if value.id != ident}
        self._by_key = {key: value for key, value in self._by_key.items() if value != ident}

    def is_dropped(self, ident: str) -> bool:
        """True for an entity that is gone or inactive: whoever names it as an answer repeats an old one."""
        return ident in self._dropped

    def remember_customer(self, body: Entity) -> None:
        """Take in a Customer row or answer; an inactive one is dropped."""
        if body.get("Active") is False:
            self.forget(str(body["Id"]))
            return
        ours = listed(body, self._seal)
        email = body.get("PrimaryEmailAddr")
        known = _Known(
            id=str(body["Id"]),
            name=str(body.get("DisplayName", "")),
            currency=_text(part(body, "CurrencyRef").get("value")),
            email=email_of(email.get("Address") if isinstance(email, Mapping) else email),
            key=ours.marker.key if ours else None,
        )
        self._keep(known)
        if ours is not None:
            self._listed[known.id] = ours
        if known.key is not None:
            self._by_key.setdefault((known.key, known.currency), known.id)
        if known.email is not None:
            self._by_email.setdefault((known.email, known.currency), known)

    def remember_item(self, body: Entity) -> None:
        """Take in an Item row or answer; categories hold a name but are never sold."""
        if body.get("Active") is False:
            self.forget(str(body["Id"]))
            return
        usable = body.get("Type") != "Category"
        sku = _text(body.get("Sku"))
        name, own = str(body.get("Name", "")), is_of_the_bridge(sku)
        known = _Known(str(body["Id"]), name, None, None, None, usable, own)
        self._keep(known)
        sku = sku.lower() if sku else None
        if known.id in self._sku_of and self._sku_of[known.id] != sku:
            self._by_sku.pop(self._sku_of.pop(known.id), None)
        if sku and usable and self._by_sku.setdefault(sku, known).id == known.id:
            self._by_sku[sku], self._sku_of[known.id] = known, sku

    def find_customer(self, key: SourceKey, draft: CustomerDraft | None, currency: str) -> str | None:
        """The Id of this customer in this currency; what was found otherwise than by key is remembered under it."""
        found = self._by_key.get((key, currency)) or self._by_key.get((key, None))
        if found is None and draft is not None:
            known = self._same_person(key, draft, currency)
            found = known.id if known else None
            if found is not None:
                self._by_key[key, currency] = found
        return found

    def _same_person(self, key: SourceKey, draft: CustomerDraft, currency: str) -> _Known | None:
        email = email_of(draft.email or draft.known_email)
        if email is not None:
            known = self._by_email.get((email, currency)) or self._by_email.get((email, None))
            if known is not None:
                return known
        # because two people of one name are common, and one of them would owe what the other bought
        if "name" not in draft.found_by:
            return None
        named = self._by_name.get(legal_key(draft.display_name))
        if named is None or named.currency not in (None, currency) or named.key not in (None, key):
            return None
        return None if named.email is not None and email is not None else named

    def said_of(self, ident: str | None) -> tuple[str, str | None] | None:
        """The display name and the e-mail address under an Id, anybody's; None for one that is not here."""
        known = self._by_id.get(ident or "")
        return (known.name, known.email) if known is not None else None

    def listed(self, ident: str) -> KnownCustomer | None:
        """A customer of ours as it was last seen, None for a stranger's."""
        return self._listed.get(ident)

    def is_same_buyer(self, ident: str | None, buyers: tuple[str, ...]) -> bool:
        """True for a customer under which other rules have booked one of `buyers`, or all people of a channel."""
        known = self._listed.get(ident or "")
        return known is not None and (known.marker.key.kind == CHANNEL or str(known.marker.key) in buyers)

    @property
    def newest_listed(self) -> str | None:
        """The Id of the customer of ours that was made last; None without any."""
        return max(self._listed, key=int, default=None)

    def find_item(self, key: SourceKey, draft: ItemDraft | None) -> str | None:
        """The Id of this item, by SKU when it has one, else by exact name."""
        if draft is None:
            return self._by_key.get((key, None))
        known = self._by_sku.get(draft.sku.lower()) if draft.sku else self._named_item(key, draft)
        if known is None or not known.usable:
            return None
        self._by_key[key, None] = known.id
        return known.id

    def _named_item(self, key: SourceKey, draft: ItemDraft) -> _Known | None:
        """The item of this name; where a category or an item of the bridge's own has it, the one made beside it."""
        for name in _item_names(key, draft):
            known = self._by_name.get(legal_key(name))
            if known is None or (known.usable and not known.own):
                return known
        return None

    def free_customer_name(self, key: SourceKey, draft: CustomerDraft, *, home: str, also: Set[str]) -> str:
        """A display name that QBO will take: the person's own, else with the currency, else with the source's id.

        `also` are names that are given away in the same micro-batch.
        """
        foreign = (draft.currency,) if draft.currency != home else ()
        suffixes = (*foreign, *(f"{code} {key.id}" for code in foreign), key.id)
        return self._free(_names(draft.display_name, suffixes, DISPLAY_NAME_MAX), also)

    def free_item_name(self, key: SourceKey, draft: ItemDraft, *, also: Set[str]) -> str:
        """An item name that QBO will take: its own, else with what makes it distinct in brackets."""
        return self._free(_item_names(key, draft), also)

    def _free(self, names: Iterator[str], also: Set[str]) -> str:
        return next(each for each in names if not self.is_taken(each) and legal_key(each) not in also)

    def _keep(self, known: _Known) -> None:
        before = self._by_id.get(known.id)
        self._dropped.discard(known.id)
        if before is not None and before.name != known.name:
            named = self._by_name.get(legal_key(before.name))
            if named is not None and named.id == known.id:
                del self._by_name[legal_key(before.name)]
        if before is not None and before.email is not None and before.email != known.email:
            self._by_email.pop((before.email, before.currency), None)
        self._by_id[known.id] = known
        self._by_name[legal_key(known.name)] = known


def _item_names(key: SourceKey, draft: ItemDraft) -> Iterator[str]:
    return _names(draft.name, (draft.distinct or key.id, f"{key.kind} {key.id}"), ITEM_NAME_MAX)


def _names(name: str, suffixes: tuple[str, ...], length_max: int) -> Iterator[str]:
    """The name itself, then with each suffix in brackets, then numbered from 2."""
    yield name[:length_max]
    for suffix in chain(suffixes, map(str, count(2))):
        yield _with_tail(name, suffix, length_max)


def _with_tail(name: str, suffix: str, length_max: int) -> str:
    tail = f" ({legal_name(suffix, length_max // 2)})"
    return name[: length_max - len(tail)].rstrip() + tail


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str) and value else None
