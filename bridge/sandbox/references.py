"""Resolving what a body refers to, with the fault that QuickBooks gives when it is not there."""

from decimal import Decimal

from bridge.sandbox import errors
from bridge.sandbox.company import ONE, SandboxCompany
from bridge.sandbox.currencies import NAMES
from bridge.sandbox.errors import INACTIVE, QboFault
from bridge.sandbox.wire import Doc


def ref_id(reference: Doc | None) -> str | None:
    """The id in a reference; an empty one counts as absent."""
    return (reference or {}).get("value") or None


def listed(company: SandboxCompany, reference: Doc | None, entity: str, element: str) -> Doc | None:
    """The document of a list entity that a reference names, None when absent; 2500 when it is not there or inactive."""
    value = ref_id(reference)
    if value is None:
        return None
    found = company.find(entity, value)
    if found is None:
        raise errors.invalid_reference(element, element)
    if not found.get("Active", True):
        raise errors.invalid_reference(INACTIVE, element)
    return found


def named(doc: Doc, *names: str) -> Doc:
    """`{"value": id, "name": …}` of a document."""
    for name in (*names, "FullyQualifiedName", "DisplayName", "Name"):
        if name in doc:
            return {"value": doc["Id"], "name": doc[name]}
    return {"value": doc["Id"]}


def account(company: SandboxCompany, reference: Doc | None, element: str) -> Doc | None:
    """An account that a reference names."""
    return listed(company, reference, "Account", element)


def account_ref(company: SandboxCompany, account_id: str) -> Doc:
    """The reference to an account, with its fully qualified name."""
    return named(company.tables["Account"][account_id])


def name_of(company: SandboxCompany, value: str, entity: str = "Customer") -> Doc:
    """A customer (or vendor, employee) by id: 2500 in the words that names have."""
    found = company.find(entity, value)
    if found is None:
        raise errors.name_not_found(value)
    if not found.get("Active", True):
        raise errors.invalid_reference(INACTIVE, "Reference Id")
    return found


def with_current_name(company: SandboxCompany, doc: Doc) -> Doc:
    """A transaction whose customer was renamed since shows the new name."""
    reference = doc.get("CustomerRef")
    customer = company.tables["Customer"].get(reference["value"]) if reference else None
    if reference is None or customer is None or customer["FullyQualifiedName"] == reference.get("name"):
        return doc
    return {**doc, "CustomerRef": {**reference, "name": customer["FullyQualifiedName"]}}


def currency(company: SandboxCompany, given: Doc, party: Doc | None) -> tuple[str, Decimal]:
    """Code and exchange rate of a transaction: the party's currency rules.

    A missing rate is 1, whatever the day's is (third-party reports), unless the company was told otherwise.
    """
    wanted = ref_id(given.get("CurrencyRef"))
    home = company.home_currency
    if not company.multicurrency:
        refuse_foreign(company, wanted)
        return home, ONE
    own = ref_id((party or {}).get("CurrencyRef")) or home if party else None
    code = wanted or own or home
    known_currency(code)
    if own is not None and code != own:
        raise errors.business("You can only use one foreign currency per transaction.")
    rate: Decimal | None = given.get("ExchangeRate")
    if rate is not None and rate <= 0 and code != home:
        raise errors.invalid_number("ExchangeRate", str(rate))
    return code, ONE if code == home else rate or company.default_rates.get(code, ONE)


def refuse_foreign(company: SandboxCompany, code: str | None) -> None:
    """With multicurrency off only the home currency exists."""
    if code and not company.multicurrency and code != company.home_currency:
        known_currency(code)
        raise errors.business("Multi Currency should be enabled to perform this operation.")


def known_currency(code: str) -> None:
    """2220 for a code that ISO does not have."""
    if code not in NAMES:
        raise QboFault("2220", "Invalid Currency Type")
