"""A person at the keyboard: edits, renames, voids and deletes what an integration thinks is its own.

An action is `{"action": "edit" | "rename" | "void" | "delete" | "deactivate", "entity": …, "id": …, "changes":
{…}}`; it goes through the same rules as the API, with the SyncToken of the moment, and counts no request.
"""

from typing import Any

from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.wire import Doc
from bridge.sandbox.writes import write

ACTIONS = ("edit", "rename", "void", "delete", "deactivate")


def act(company: SandboxCompany, wanted: Any) -> Doc:
    """Do it and return the entity; ValueError for an action that makes no sense, QboFault when the rules refuse."""
    if not isinstance(wanted, dict) or wanted.get("action") not in ACTIONS:
        raise ValueError(f"action is one of {', '.join(ACTIONS)}")
    entity, entity_id = str(wanted.get("entity")), str(wanted.get("id") or "")
    if entity not in company.kinds:
        raise ValueError(f"no entity {entity!r}")
    kind = company.kinds[entity]
    doc = company.find(entity, entity_id or next(reversed(company.tables[entity]), None))
    if doc is None:
        raise ValueError(f"no {entity} {entity_id}")
    body: Doc = {"Id": doc["Id"], "SyncToken": doc.get("SyncToken", "0"), "sparse": True}
    match wanted["action"]:
        case "void" | "delete":
            return write(company, entity, body, wanted["action"])
        case "rename":
            return write(company, entity, {**body, kind.name_property: wanted["name"]}, "update")
        case "deactivate":
            name = {kind.name_property: doc[kind.name_property]}
            return write(company, entity, {**body, **name, "Active": False}, "update")
        case _:
            return write(company, entity, {**body, **wanted.get("changes", {})}, "update")
