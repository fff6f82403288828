"""Where a sale was, as QBO has it: the address that its goods went to, its class and its location. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from contracts.entities import Entity, part

_OF_QBO = frozenset({"Id", "Lat", "Long"})
"""What QBO adds to an address, and refuses or ignores when it comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SalePlace:
    """`shipping` is the address as QBO takes it, the rest are Ids, None for none.

    `tracking_class` is the form's, else that of its first line that has one; `classes` are those of lines, by item.
    """

    shipping: Entity | None = None
    tracking_class: str | None = None
    location: str | None = None
    classes: Mapping[str, str] = field(default_factory=dict)

    def class_of(self, item: str) -> str | None:
        """The class of what was sold as this item."""
        return self.classes.get(item, self.tracking_class)


def place_of(body: Entity) -> SalePlace:
    """Where the sale of this form was; `body` is whole."""
    address = {name: value for name, value in part(body, "ShipAddr").items() if name not in _OF_QBO and value}
    classes = dict(_classes(body.get("Line")))
    of_form = part(body, "ClassRef").get("value") or next(iter(classes.values()), None)
    return SalePlace(
        shipping=address or None,
        tracking_class=of_form,
        location=part(body, "DepartmentRef").get("value"),
        classes={item: named for item, named in classes.items() if named != of_form},
    )


def without_street(address: Entity | None) -> Entity | None:
    """What sales tax needs of an address as QBO has it: town, state, postcode and country."""
    return {name: value for name, value in (address or {}).items() if not name.startswith("Line")} or None


def _classes(lines: object) -> Iterable[tuple[str, str]]:
    for line in lines if isinstance(lines, list) else []:
        detail = part(line, "SalesItemLineDetail")
        item, named = part(detail, "ItemRef").get("value"), part(detail, "ClassRef").get("value")
        if item and named:
            yield str(item), str(named)
