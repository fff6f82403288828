"""Answers a query: which properties may be filtered and sorted, comparison rules, projection, paging.

Tables come from the API reference (each entity's `filters` and `sorts`); texts of the 4001 faults are recorded ones.
"""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from bridge.sandbox import errors
from bridge.sandbox.company import Kind, SandboxCompany
from bridge.sandbox.errors import QboFault
from bridge.sandbox.query import PAGE_MAX, BareNumber, Condition, Query, parse
from bridge.sandbox.shapes import ENTITIES
from bridge.sandbox.wire import Doc, epoch

NUMBERS = frozenset(
    ("TotalAmt", "Balance", "CurrentBalance", "UnitPrice", "PurchaseCost", "BalanceWithJobs", "RateValue")
)
#: Objects that no projection gives (recorded for BillAddr and InvoiceLink).
COMPLEX = frozenset(
    ("BillAddr", "ShipAddr", "ShipFromAddr", "InvoiceLink", "OtherAddr", "PrimaryAddr", "CompanyAddr", "LegalAddr")
)
META = {"metadata.createtime": "MetaData.CreateTime", "metadata.lastupdatedtime": "MetaData.LastUpdatedTime"}
Test = Callable[[Doc], bool]


def invalid_query(reason: str) -> QboFault:
    """4001."""
    return QboFault("4001", "Invalid query", f"QueryValidationError: {reason}")


def run(company: SandboxCompany, text: str) -> Doc:
    """The QueryResponse of a query."""
    query = parse(text)
    if company.switches.bare_numbers == "refuse":
        _refuse_bare_numbers(query)
    kind = _kind(company, query.entity)
    start, limit = _position(query.start), _position(query.limit)
    if limit > PAGE_MAX:
        raise invalid_query(f"value {limit} is too large. Max allowed value is {PAGE_MAX}")
    tests = [_test(company, kind, condition) for condition in query.conditions]
    sorts = kind.sorts - _not_sortable(company, kind)
    order = [(property_name(kind, name, sorts, "sortable"), descending) for name, descending in query.order]
    properties = None if query.properties is None else [_projected(kind, name) for name in query.properties]
    found = list(_matching(company, kind, query, tests))
    if query.count:
        return {"totalCount": len(found)}
    ordered = _sorted(company, found, order, kind)
    page = _with_pseudo_codes(company, kind, ordered, start, limit)
    if not page:
        return {}
    shown = page if properties is None else [_pick(doc, properties) for doc in page]
    return {kind.name: shown, "startPosition": start, "maxResults": len(shown)}


def _not_sortable(company: SandboxCompany, kind: Kind) -> frozenset[str]:
    """By one reading of the documentation the lists of tax cannot be ordered by Id."""
    refused = kind.name in ("TaxCode", "TaxRate") and company.switches.tax_lists_by_id == "refuse"
    return frozenset(("Id",)) if refused else frozenset()


def _refuse_bare_numbers(query: Query) -> None:
    for condition in query.conditions:
        for value in condition.values:
            if isinstance(value, BareNumber):
                raise value.refusal()


def _kind(company: SandboxCompany, name: str) -> Kind:
    for known, kind in company.kinds.items():
        if known.casefold() == name.casefold():
            return kind
    raise invalid_query(f"Invalid context declaration: {name}")


def _position(text: str) -> int:
    value = int(Decimal(text))
    if value < 1:
        raise invalid_query(f"value {value} is too small. Min allowed value is 1")
    return value


def _matching(company: SandboxCompany, kind: Kind, query: Query, tests: list[Test]) -> Iterable[Doc]:
    table = company.tables[kind.name]
    candidates: Iterable[Doc] = table.values()
    for condition in query.conditions:
        if condition.name.casefold() == "id" and condition.operator in ("=", "in"):
            candidates = [table[str(value)] for value in condition.values if str(value) in table]
    about_active = any(condition.name.casefold() == "active" for condition in query.conditions)
    late = bool(company.hidden)
    for current in candidates:
        doc = company.visible(kind.name, current) if late else current
        if doc is None or (not about_active and doc.get("Active") is False):
            continue
        shown = kind.present(company, doc)
        if all(test(shown) for test in tests):
            yield shown


@lru_cache(maxsize=4096)
def _known(entity: str, lowered: str) -> str | None:
    if lowered in META:
        return META[lowered]
    return next((name for name in ENTITIES[entity].readers if name.casefold() == lowered), None)


def property_name(kind: Kind, written: str, allowed: frozenset[str], ability: str) -> str:
    """The property as the schema spells it, when it may be used that way."""
    name = _known(kind.name, written.casefold())
    if name is None:
        head = written.split(".", maxsplit=1)[0].casefold()
        if "." in written and _known(kind.name, head) is not None:
            raise invalid_query(f"property '{written}' is not queryable")
        raise invalid_query(f"Property {written} not found for Entity {kind.name}")
    if name not in allowed:
        raise invalid_query(f"property '{name}' is not {'queryable' if ability != 'sortable' else ability}")
    return name


def _projected(kind: Kind, written: str) -> str:
    lowered = written.casefold()
    if lowered in ("metadata", "id", "synctoken", "domain", "sparse"):
        return next(name for name in ("MetaData", "Id", "SyncToken", "domain", "sparse") if name.casefold() == lowered)
    name = _known(kind.name, lowered)
    if name is None and lowered.split(".")[0] == "line" and "Line" in ENTITIES[kind.name].readers:
        return "Line"
    if name is None or name in COMPLEX:
        raise invalid_query(f"Property {written} not found for Entity {kind.name}")
    return name


def _pick(doc: Doc, properties: list[str]) -> Doc:
    picked: Doc = {}
    for name in properties:
        head, _, tail = name.partition(".")
        if head not in doc:
            continue
        if tail:
            picked[head] = (
                {**picked.get(head, {}), tail: doc[head][tail]} if tail in doc[head] else picked.get(head, {})
            )
        else:
            picked[head] = doc[head]
    return picked


def value_of(doc: Doc, name: str) -> Any:
    """What a property compares by: a reference by its id, an e-mail by its address."""
    if name.startswith("MetaData."):
        return doc.get("MetaData", {}).get(name[9:])
    value = doc.get(name)
    if isinstance(value, dict):
        return value.get("value", value.get("Address"))
    return value


def _test(company: SandboxCompany, kind: Kind, condition: Condition) -> Test:
    name = property_name(kind, condition.name, kind.filters, "queryable")
    operator = condition.operator
    if name == "Id" and operator not in ("=", "in"):
        raise invalid_query("Id supports only = and IN")
    if operator == "like":
        return _like(name, str(condition.values[0]))
    wanted = [_operand(company, name, value) for value in condition.values]
    read = _reader(company, name)
    if operator == "in":
        options = set(wanted)
        return lambda doc: read(doc) in options
    operand = wanted[0]
    compare = COMPARE[operator]

    def test(doc: Doc) -> bool:
        value = read(doc)
        if value is None:
            return False
        try:
            return compare(value, operand)
        except TypeError:
            return compare(str(value).casefold(), str(operand).casefold())

    return test


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right),
    "<": lambda left, right: bool(left < right),
    ">": lambda left, right: bool(left > right),
    "<=": lambda left, right: bool(left <= right),
    ">=": lambda left, right: bool(left >= right),
}


def _like(name: str, pattern: str) -> Test:
    parts = [re.escape(part) for part in pattern.split("%")]
    compiled = re.compile(".*".join(parts), re.IGNORECASE | re.DOTALL)

    def test(doc: Doc) -> bool:
        value = value_of(doc, name)
        return value is not None and compiled.fullmatch(str(value)) is not None

    return test


def _operand(company: SandboxCompany, name: str, value: object) -> Any:
    if isinstance(value, bool):
        return value
    value = str(value)
    if value.upper() == "CURRENT_DATE":
        value = company.clock.now().date().isoformat()
    if name.startswith("MetaData."):
        try:
            return epoch(value, company.zone)
        except ValueError as error:
            raise errors.invalid_date(name) from error
    if name in NUMBERS:
        try:
            return Decimal(value)
        except InvalidOperation as error:
            raise invalid_query(f"value '{value}' is not a number") from error
    if value.casefold() in ("true", "false"):
        return value.casefold() == "true"
    return value.casefold()


def _reader(company: SandboxCompany, name: str) -> Callable[[Doc], Any]:
    if name.startswith("MetaData."):
        part = name[9:]

        def moment(doc: Doc) -> float | None:
            text = doc.get("MetaData", {}).get(part)
            return None if text is None else epoch(text, company.zone)

        return moment

    def read(doc: Doc) -> Any:
        value = value_of(doc, name)
        return value.casefold() if isinstance(value, str) else value

    return read


def _sorted(company: SandboxCompany, found: list[Doc], order: list[tuple[str, bool]], kind: Kind) -> list[Doc]:
    if not order and kind.name == "Account":
        order = [("FullyQualifiedName", False)]
    if not order and kind.name == "CompanyCurrency":
        return found[::-1]
    for name, descending in reversed(order):
        read = _reader(company, name)
        found = sorted(found, key=lambda doc: _sort_key(read(doc), numeric=name == "Id"), reverse=descending)
    return found


def _sort_key(value: Any, *, numeric: bool) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if numeric:
        return (1, int(value)) if value.isdigit() else (2, value)
    return (1, value) if not isinstance(value, str) else (2, value)


def _with_pseudo_codes(company: SandboxCompany, kind: Kind, found: list[Doc], start: int, limit: int) -> list[Doc]:
    """In the US the pseudo codes (TAX, NON, …) come on top of any page of tax codes (third-party test)."""
    if kind.name != "TaxCode" or company.country != "US":
        return found[start - 1 : start - 1 + limit]
    pseudo = [doc for doc in found if not doc["Id"].isdigit()]
    real = [doc for doc in found if doc["Id"].isdigit()]
    return pseudo + real[start - 1 : start - 1 + limit]
