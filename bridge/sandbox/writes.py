"""The write path that all entities share: create, full and sparse update, delete, void.

Order of refusals as observed: shape of the body, identity (Id, SyncToken), frozen or closed, then the entity's own
rules.
"""

from typing import Any

from bridge.sandbox import errors
from bridge.sandbox.company import Kind, SandboxCompany
from bridge.sandbox.entities.kind import Ask
from bridge.sandbox.shapes import ENTITIES
from bridge.sandbox.wire import Doc

EXTENSIONS = ("LineEx", "PurchaseEx")
BIRTHMARKS = ("Id", "SyncToken", "MetaData", "domain", "sparse", "status")


def write(company: SandboxCompany, entity: str, body: object, operation: str, include: str = "") -> Doc:
    """Apply one write and return the entity as answered; any fault leaves the company as it was."""
    kind = company.kinds[entity]
    if company.suspended:
        raise errors.subscription_ended()
    company.begin()
    try:
        answer = _apply(company, kind, body, operation, include)
    except BaseException:
        company.rollback()
        raise
    company.commit()
    return answer


def _apply(company: SandboxCompany, kind: Kind, body: object, operation: str, include: str) -> Doc:
    given = ENTITIES[kind.name].read(body if company.switches.refuse_extension_blocks else without_extensions(body))
    if operation == "delete":
        return _delete(company, kind, given)
    if operation == "void" or "void" in include.split(","):
        return _void(company, kind, given)
    if operation == "create" or not given.get("Id"):
        return _create(company, kind, given, include)
    return _update(company, kind, given, include)


def _create(company: SandboxCompany, kind: Kind, given: Doc, include: str) -> Doc:
    if not kind.creatable:
        raise errors.unsupported_operation("create")
    ask = Ask(named=frozenset(given), include=frozenset(include.split(",")))
    doc = company.as_created(kind.name, kind.build(company, _writable(given), None, ask))
    if kind.transaction:
        refuse_closed(company, doc)
    company.put(kind.name, doc, "Create")
    kind.effects(company, None, doc)
    return kind.present(company, company.tables[kind.name][doc["Id"]])


def _update(company: SandboxCompany, kind: Kind, given: Doc, include: str) -> Doc:
    if not kind.updatable:
        raise errors.unsupported_operation("update")
    old = current(company, kind, given)
    kind.guard(company, old)
    sparse = bool(given.get("sparse"))
    ask = Ask(named=frozenset(given), sparse=sparse, include=frozenset(include.split(",")))
    wanted = _writable({**old, **given} if sparse else given)
    built = kind.build(company, wanted, old, ask)
    doc = {**built, "domain": "QBO", "sparse": False, "Id": old["Id"], **company.bumped(old)}
    if kind.transaction:
        refuse_closed(company, old)
        refuse_closed(company, doc)
    company.put(kind.name, doc)
    kind.effects(company, old, doc)
    return kind.present(company, company.tables[kind.name][doc["Id"]])


def _delete(company: SandboxCompany, kind: Kind, given: Doc) -> Doc:
    if not kind.transaction:
        raise errors.unsupported_operation("delete")
    old = current(company, kind, given)
    kind.guard(company, old)
    refuse_closed(company, old)
    kind.effects(company, old, None)
    company.remove(kind.name, old["Id"])
    return {"domain": "QBO", "status": "Deleted", "Id": old["Id"]}


def _void(company: SandboxCompany, kind: Kind, given: Doc) -> Doc:
    if kind.void is None:
        raise errors.unsupported_operation("void")
    old = current(company, kind, given)
    kind.guard(company, old)
    refuse_closed(company, old)
    doc = {**kind.void(company, old), "sparse": False, **company.bumped(old)}
    company.put(kind.name, doc, "Void")
    kind.effects(company, old, doc)
    return kind.present(company, company.tables[kind.name][doc["Id"]])


def current(company: SandboxCompany, kind: Kind, given: Doc) -> Doc:
    """The stored document that a body names, when its SyncToken is the current one."""
    entity_id = given.get("Id", "")
    if not entity_id:
        raise errors.required("Id")
    if not entity_id.isdigit():
        raise errors.invalid_id(entity_id, "Id")
    old = company.find(kind.name, entity_id)
    if old is None:
        raise errors.deleted() if entity_id in company.deleted[kind.name] else errors.not_found()
    token = given.get("SyncToken", "")
    if not token:
        raise errors.required("SyncToken")
    if token != old["SyncToken"]:
        raise errors.stale()
    return old


def refuse_closed(company: SandboxCompany, doc: Doc) -> None:
    """6210 for a date in closed books."""
    closed = company.preference("AccountingInfoPrefs", "BookCloseDate")
    if closed and doc["TxnDate"] <= closed:
        raise errors.period_closed()


def without_extensions(body: Any) -> Any:
    """A body without the read-only extension blocks that answers carry."""
    if isinstance(body, dict):
        return {name: without_extensions(part) for name, part in body.items() if name not in EXTENSIONS}
    return [without_extensions(part) for part in body] if isinstance(body, list) else body


def _writable(given: Doc) -> Doc:
    return {name: value for name, value in given.items() if value != "" and name not in BIRTHMARKS}
