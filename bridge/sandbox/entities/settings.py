"""Preferences and CompanyInfo: one of each per company, born with it, changed in part.

`BookCloseDate` is read-only through the API (recorded); a sandbox sets it through its own switch.
"""

from typing import Any

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.kind import Ask, EntityKind, words
from bridge.sandbox.wire import Doc


def merged(old: Any, new: Any) -> Any:
    """Objects merge by property, everything else is replaced; `OtherPrefs.NameValue` merges by Name."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{name: merged(old.get(name), value) for name, value in new.items()}}
    if (
        isinstance(old, list)
        and isinstance(new, list)
        and all(isinstance(part, dict) and "Name" in part for part in old + new)
    ):
        return list(({part["Name"]: part for part in old} | {part["Name"]: part for part in new}).values())
    return new


def of_kind(old: Any, new: Any) -> Any:
    """`new` when it is of the kind of what is there: 2010 for anything else; "true" and "false" are booleans."""
    if isinstance(old, dict):
        if not isinstance(new, dict):
            raise errors.invalid_property()
        return {name: of_kind(old.get(name), value) for name, value in new.items()}
    if isinstance(old, bool):
        if isinstance(new, str) and new.lower() in ("true", "false"):
            return new.lower() == "true"
        if not isinstance(new, bool):
            raise errors.invalid_property()
    return new


def _preferences(_company: SandboxCompany, given: Doc, old: Doc | None, ask: Ask) -> Doc:
    if old is None:
        return given
    groups = {name: of_kind(old.get(name), given[name]) for name in given if name in ask.named and name in old}
    doc: Doc = merged(old, groups)
    enabled = old["CurrencyPrefs"]["MultiCurrencyEnabled"]
    if enabled and not doc["CurrencyPrefs"].get("MultiCurrencyEnabled"):
        raise errors.business("Multicurrency cannot be turned off once it has been turned on.")
    doc["CurrencyPrefs"] = {**doc["CurrencyPrefs"], "HomeCurrency": old["CurrencyPrefs"]["HomeCurrency"]}
    _keep_close_date(doc, old)
    return doc


def _keep_close_date(doc: Doc, old: Doc) -> None:
    accounting = dict(doc["AccountingInfoPrefs"])
    accounting.pop("BookCloseDate", None)
    closed = old["AccountingInfoPrefs"].get("BookCloseDate")
    doc["AccountingInfoPrefs"] = accounting if closed is None else {**accounting, "BookCloseDate": closed}


def _company_info(_company: SandboxCompany, given: Doc, old: Doc | None, ask: Ask) -> Doc:
    if old is None:
        return given
    return {**old, **{name: value for name, value in given.items() if name in ask.named}}


PREFERENCES = EntityKind(
    name="Preferences", build=_preferences, sequence="", creatable=False, filters=words("Id"), sorts=words("Id")
)
COMPANY_INFO = EntityKind(
    name="CompanyInfo",
    build=_company_info,
    sequence="",
    creatable=False,
    filters=words("Id MetaData.CreateTime MetaData.LastUpdatedTime"),
    sorts=words("Id"),
)
