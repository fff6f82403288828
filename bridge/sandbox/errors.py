"""QuickBooks' own faults, as exceptions that carry the body to answer.

Texts are verbatim from recorded bodies or Intuit's error table; see the project's reference notes on faults.
"""

from dataclasses import dataclass

from bridge.sandbox.wire import Doc

INACTIVE = (
    "Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)


@dataclass(eq=False)
class QboFault(Exception):
    """QuickBooks refuses a request."""

    code: str
    message: str
    detail: str | None = None
    element: str | None = None
    kind: str = "ValidationFault"
    status: int = 400

    def body(self) -> Doc:
        """The `Fault` object; Detail and element are left out where QuickBooks leaves them out."""
        error: Doc = {"Message": self.message}
        if self.detail is not None:
            error["Detail"] = self.detail
        error["code"] = self.code
        if self.element is not None:
            error["element"] = self.element
        return {"Error": [error], "type": self.kind}


def unsupported_operation(what: str) -> QboFault:
    """500: this entity has no such operation."""
    return QboFault("500", "Unsupported Operation", f"Operation {what} is not supported.")


def not_found(reason: str = INACTIVE) -> QboFault:
    """610: an id that does not exist, was deleted or is inactive."""
    return QboFault("610", "Object Not Found", f"Object Not Found : {reason}", "")


def deleted() -> QboFault:
    """610 in the words used for a deleted transaction."""
    return not_found("Another user has deleted this transaction.")


def cannot_link() -> QboFault:
    """620: the linked transaction is of another customer, of a wrong type, or already fully applied."""
    return QboFault("620", "TxnID Cannot Be Linked", "TxnID Cannot Be Linked : Cannot validate linked transactions")


def invalid_property() -> QboFault:
    """2010: unknown property, wrong JSON type, wrapped body or broken JSON: the real text names none of them."""
    return QboFault(
        "2010",
        "Request has invalid or unsupported property",
        "Property Name:failed to parse json object; a property specified is unsupported or invalid",
    )


def required(parameter: str) -> QboFault:
    """2020: a required property is missing."""
    return QboFault(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {parameter} is missing in the request",
        parameter,
    )


def invalid_id(supplied: str, element: str) -> QboFault:
    """2030: an id that is not a number."""
    return QboFault("2030", "Invalid ID", f"Id should be a valid number. Supplied value:{supplied}", element)


def invalid_characters(element: str, supplied: str) -> QboFault:
    """2040: a name with a colon, tab or newline, or text that is not Unicode."""
    return QboFault("2040", "Invalid String", f"Element contains invalid characters: {supplied}", element)


def too_long(element: str, longest: int, supplied: int, shortest: int = 0) -> QboFault:
    """2050: a string outside its length."""
    return QboFault(
        "2050",
        "String length is either shorter or longer than supported by specification",
        "String length specified does not match the supported length. "
        f"Min:{shortest} Max:{longest} supported. Supplied length:{supplied}",
        element,
    )


def invalid_date(element: str) -> QboFault:
    """2060: not a date at all."""
    return QboFault("2060", "Invalid Date Format", "Invalid date format", element)


def impossible_date(element: str, supplied: str) -> QboFault:
    """2070: a date that no calendar has."""
    return QboFault("2070", "Invalid Date", f"Date value must be a valid value. Supplied value: {supplied}", element)


def invalid_number(element: str, supplied: str) -> QboFault:
    """2090: a number that is no number or out of range."""
    return QboFault("2090", "Invalid Number", f"Invalid Number : {supplied}", element)


def invalid_enumeration(supplied: str) -> QboFault:
    """2170: a word outside its list."""
    return QboFault("2170", "Invalid Enumeration", f"Invalid Enumeration : {supplied}")


def invalid_reference(what: str, element: str) -> QboFault:
    """2500: a reference to nothing."""
    return QboFault("2500", "Invalid Reference Id", f"Invalid Reference Id : {what}", element)


def name_not_found(value: str) -> QboFault:
    """2500 in the words used for customers, vendors and employees."""
    return invalid_reference(f"Names element id {value} not found", "Reference Id")


def stale() -> QboFault:
    """5010: the SyncToken is not the current one."""
    return QboFault(
        "5010",
        "Stale Object Error",
        "Stale Object Error : You and root were working on this at the same time. "
        "root finished before you did, so your work was not saved.",
        "",
    )


def business(reason: str) -> QboFault:
    """6000: the catch-all for a business rule, in the words of the user interface."""
    return QboFault(
        "6000",
        "A business validation error has occurred while processing your request",
        f"Business Validation Error: {reason}",
        "",
    )


def wrong_amount(supplied: str) -> QboFault:
    """6070: Amount is not the rounded product of quantity and price."""
    return QboFault(
        "6070",
        "Amount calculation incorrect in the request.",
        f"Amount is not equal to UnitPrice * Qty. Supplied value:{supplied}",
        "Line.Amount",
    )


def no_name() -> QboFault:
    """6080: a name without any part."""
    return QboFault(
        "6080",
        "No Name Provided",
        "No Name Provided : at least one of Title, GivenName, MiddleName, FamilyName, DisplayName, Suffix is required",
    )


def duplicate_number(doc_number: str, kind: str, txn_id: str) -> QboFault:
    """6140: the document number is taken and the company asks to be warned."""
    return QboFault(
        "6140",
        "Duplicate Document Number Error",
        "Duplicate Document Number Error : You must specify a different number. This number has already been used. "
        f"DocNumber={doc_number} is assigned to TxnType={kind} with TxnId={txn_id}",
        "",
    )


def period_closed() -> QboFault:
    """6210: the date lies in closed books (the doubled word is Intuit's)."""
    return QboFault(
        "6210",
        "Account Period Closed, Cannot Update Through Services API",
        "The account period has closed and the account books cannot be updated through through the QBO Services API. "
        "Please use the QBO website to make these changes.",
        "",
    )


def duplicate_name(holder: str) -> QboFault:
    """6240: the name is taken; for names QuickBooks says `null`, for list entries `Id=19`."""
    return QboFault("6240", "Duplicate Name Exists Error", f"The name supplied already exists. : {holder}")


def duplicate_person() -> QboFault:
    """6240 in the older words for names, still in the API reference's samples (the newline is Intuit's)."""
    sentence = "Another customer, vendor or employee is already using this \nname. Please use a different name."
    return QboFault("6240", "Duplicate Name Exists Error", f"The name supplied already exists. : {sentence}", "")


def subscription_ended() -> QboFault:
    """6190: the company is read-only."""
    return QboFault(
        "6190",
        "Invalid Company Status",
        "Subscription period has ended or canceled or there was a billing problem : You can't add data to QuickBooks "
        "Online Plus because your trial or subscription period ended.",
        "",
    )


def invalid_account_type(account_type: str) -> QboFault:
    """6430: an account of a type that does not fit here."""
    return QboFault("6430", "Invalid account type used", f"Invalid account type: {account_type}")


def deposited() -> QboFault:
    """6540: a payment that lies on a deposit is frozen."""
    return QboFault(
        "6540",
        "Deposited Transaction cannot be changed",
        "This transaction has been deposited. If you want to change or delete it, "
        "you must edit the deposit it appears on and remove it first",
        "",
    )


def customer_required(entity: str) -> QboFault:
    """6560: a sales form without customer; its element is the entity's name."""
    return QboFault("6560", "CustomerRef is required", "CustomerRef is missing in the request", entity)


def something_went_wrong() -> QboFault:
    """10000 with HTTP 500: what QuickBooks says of a mistake of its own."""
    return QboFault(
        "10000",
        "An application error has occurred while processing your request",
        "System Failure Error: Something went wrong. Try again later",
        "SystemFailureError",
        kind="SystemFault",
        status=500,
    )


def number_format(supplied: str | None) -> QboFault:
    """10000 with HTTP 400: the Java exception that an id of a wrong form provokes on some entities."""
    reason = "null" if supplied is None else f'For input string: "{supplied}"'
    return QboFault(
        "10000",
        "An application error has occurred while processing your request",
        f"System Failure Error: java.lang.NumberFormatException: {reason}",
        "SystemFailureError",
        kind="SystemFault",
    )
