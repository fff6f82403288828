"""Lists with parents: a fully qualified name follows the names above it."""

from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.errors import QboFault
from bridge.sandbox.references import ref_id
from bridge.sandbox.wire import Doc


def refuse_cycle(company: SandboxCompany, entity: str, old: Doc | None, parent: Doc | None) -> None:
    """900 for an entry that would be its own ancestor."""
    above = parent
    while above is not None and old is not None:
        if above["Id"] == old["Id"]:
            raise QboFault("900", "Parent cannot be child", None, "ParentRef")
        ident = ref_id(above.get("ParentRef"))
        above = company.tables[entity].get(ident) if ident is not None else None


def rename_children(company: SandboxCompany, entity: str, old: Doc | None, new: Doc) -> None:
    """Give everything below a renamed entry its new full name."""
    if old is None or old["FullyQualifiedName"] == new["FullyQualifiedName"]:
        return
    below = [doc for doc in company.tables[entity].values() if ref_id(doc.get("ParentRef")) == new["Id"]]
    for child in below:
        leaf = child["DisplayName"] if entity == "Customer" else child["Name"]
        renamed = company.touch(entity, child["Id"], {"FullyQualifiedName": f"{new['FullyQualifiedName']}:{leaf}"})
        if entity != "Customer":
            company.claim_name(entity, renamed["FullyQualifiedName"], child["Id"], child["FullyQualifiedName"])
        rename_children(company, entity, child, renamed)
