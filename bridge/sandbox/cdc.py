"""Change data capture: what changed since a time, deletions included (API reference, "change data capture")."""

from bridge.sandbox import errors
from bridge.sandbox.company import Kind, SandboxCompany
from bridge.sandbox.errors import QboFault
from bridge.sandbox.wire import Doc, epoch

DAYS_MAX = 30
OBJECTS_MAX = 1000


def changes(company: SandboxCompany, entities: str, changed_since: str) -> Doc:
    """The CDCResponse: one QueryResponse for each entity in the order asked, `{}` where nothing changed."""
    if not entities:
        raise errors.required("entities")
    if not changed_since:
        raise errors.required("changedSince")
    try:
        since = epoch(changed_since.replace(" ", "+"), company.zone)
    except ValueError as error:
        raise errors.invalid_date("changedSince") from error
    if since < company.clock.now().timestamp() - DAYS_MAX * 86400:
        raise QboFault(
            "2190",
            "Invalid Date Range",
            f"Invalid Date Range : changedSince can be at most {DAYS_MAX} days back",
            "changedSince",
        )
    answers = []
    left = OBJECTS_MAX
    for name in entities.split(","):
        kind = _kind(company, name.strip())
        found = _changed(company, kind, since)[:left]
        left -= len(found)
        answers.append({kind.name: found, "startPosition": 1, "maxResults": len(found)} if found else {})
    return {"CDCResponse": [{"QueryResponse": answers}]}


def _kind(company: SandboxCompany, name: str) -> Kind:
    for known, kind in company.kinds.items():
        if known.casefold() == name.casefold() and kind.changes_tracked:
            return kind
    raise QboFault("2000", "Invalid or unsupported object name", f"Object Name: {name}")


def _changed(company: SandboxCompany, kind: Kind, since: float) -> list[Doc]:
    late = bool(company.hidden)
    found = []
    for current in company.tables[kind.name].values():
        doc = company.visible(kind.name, current) if late else current
        if doc is None:
            continue
        shown = kind.present(company, doc) if kind.name == "Account" else doc  # an account's time follows its ledger
        if epoch(shown["MetaData"]["LastUpdatedTime"], company.zone) >= since:
            found.append(shown if shown is not doc else kind.present(company, doc))
    stubs = company.deleted[kind.name].values()
    found += [stub for stub in stubs if epoch(stub["MetaData"]["LastUpdatedTime"], company.zone) >= since]
    return found
