"""Bodies recorded from Intuit's live sandbox in May and June 2025, and how to compare with them.

Each recorded answer stands beside the request that produced it. Times are left out of the comparison; ids are made
to meet by setting the company's sequences before the request.
"""

from typing import Any

from bridge.sandbox.wire import Doc

TIMES = ("time", "CreateTime", "LastUpdatedTime")
USD = {"value": "USD", "name": "United States Dollar"}


def timeless(document: Any) -> Any:
    """The document without its times."""
    if isinstance(document, dict):
        return {name: timeless(value) for name, value in document.items() if name not in TIMES}
    return [timeless(value) for value in document] if isinstance(document, list) else document


def fault(code: str, message: str, detail: str, element: str | None = None, kind: str = "ValidationFault") -> Doc:
    """A recorded fault body."""
    error = {"Message": message, "Detail": detail, "code": code}
    return {"Fault": {"Error": [error if element is None else {**error, "element": element}], "type": kind}}


def required(name: str) -> Doc:
    """The recorded body of a missing parameter."""
    message = "Required param missing, need to supply the required value for the API"
    return fault("2020", message, f"Required parameter {name} is missing in the request", name)


NOT_FOUND = fault(
    "610",
    "Object Not Found",
    "Object Not Found : Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees.",
    "",
)
NO_SUCH_NAME = fault(
    "2500", "Invalid Reference Id", "Invalid Reference Id : Names element id 9999 not found", "Reference Id"
)


def number_format(reason: str) -> Doc:
    """The recorded body of a Java exception about an id."""
    return fault(
        "10000",
        "An application error has occurred while processing your request",
        f"System Failure Error: java.lang.NumberFormatException: {reason}",
        "SystemFailureError",
        "SystemFault",
    )


CUSTOMER = {
    "Taxable": True,
    "Job": False,
    "BillWithParent": False,
    "Balance": 0,
    "BalanceWithJobs": 0,
    "CurrencyRef": USD,
    "PreferredDeliveryMethod": "Print",
    "IsProject": False,
    "domain": "QBO",
    "sparse": False,
    "Id": "60",
    "SyncToken": "0",
    "MetaData": {},
    "FullyQualifiedName": "John Dave",
    "DisplayName": "John Dave",
    "PrintOnCheckName": "John Dave",
    "Active": True,
    "DefaultTaxCodeRef": {"value": "2"},
}
ITEM = {
    "Name": "Test Item",
    "Active": True,
    "FullyQualifiedName": "Test Item",
    "Taxable": False,
    "UnitPrice": 15,
    "Type": "NonInventory",
    "IncomeAccountRef": {"value": "79", "name": "Sales of Product Income"},
    "PurchaseCost": 0,
    "TrackQtyOnHand": False,
    "DeferredRevenue": False,
    "domain": "QBO",
    "sparse": False,
    "Id": "19",
    "SyncToken": "0",
    "MetaData": {},
}


def invoice(invoice_id: str, number: str, ship_from: str, amount: int, **changes: Any) -> Doc:
    """The recorded invoice of 100.00 for Test Item; a voided one has other amounts and a note."""
    detail = {
        "ItemRef": {"value": "19", "name": "Test Item"},
        "ItemAccountRef": {"value": "79", "name": "Sales of Product Income"},
        "TaxCodeRef": {"value": "NON"},
    }
    return {
        "AllowIPNPayment": False,
        "AllowOnlinePayment": False,
        "AllowOnlineCreditCardPayment": False,
        "AllowOnlineACHPayment": False,
        "domain": "QBO",
        "sparse": False,
        "Id": invoice_id,
        "SyncToken": "0",
        "MetaData": {"LastModifiedByRef": {"value": "9341454710333993"}},
        "CustomField": [],
        "DocNumber": number,
        "TxnDate": "2025-05-26",
        "CurrencyRef": USD,
        "LinkedTxn": [],
        "Line": [
            {
                "Id": "1",
                "LineNum": 1,
                "Amount": amount,
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": detail,
            },
            {"Amount": amount, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
        ],
        "TxnTaxDetail": {"TotalTax": 0},
        "CustomerRef": {"value": "58", "name": "Xun Flowerrr"},
        "BillAddr": {"Id": "134"},
        "ShipAddr": {"Id": "134"},
        "FreeFormAddress": True,
        "ShipFromAddr": {"Id": ship_from, "Line1": "123 Sierra Way", "Line2": "San Pablo, CA 87999"},
        "DueDate": "2025-06-25",
        "TotalAmt": amount,
        "ApplyTaxAfterDiscount": False,
        "PrintStatus": "NeedToPrint",
        "EmailStatus": "NotSet",
        "Balance": amount,
        **changes,
    }


def _name_value(name: str, value: str) -> Doc:
    return {
        "name": "{http://schema.intuit.com/finance/v3}NameValue",
        "declaredType": "com.intuit.schema.finance.v3.NameValue",
        "scope": "javax.xml.bind.JAXBElement$GlobalScope",
        "value": {"Name": name, "Value": value},
        "nil": False,
        "globalScope": True,
        "typeSubstituted": False,
    }


def payment(payment_id: str, invoice_id: str, number: str) -> Doc:
    """The recorded payment of 100.00 linked to an invoice."""
    facts = [("txnId", invoice_id), ("txnOpenBalance", "100.00"), ("txnReferenceNumber", number)]
    return {
        "CustomerRef": {"value": "58", "name": "Xun Flowerrr"},
        "DepositToAccountRef": {"value": "4"},
        "TotalAmt": 100,
        "UnappliedAmt": 0,
        "ProcessPayment": False,
        "domain": "QBO",
        "sparse": False,
        "Id": payment_id,
        "SyncToken": "0",
        "MetaData": {},
        "TxnDate": "2025-05-26",
        "CurrencyRef": USD,
        "Line": [
            {
                "Amount": 100,
                "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}],
                "LineEx": {"any": [_name_value(name, value) for name, value in facts]},
            }
        ],
    }


VOIDED_PAYMENT = {
    "CustomerRef": {"value": "58", "name": "Xun Flowerrr"},
    "DepositToAccountRef": {"value": "4"},
    "TotalAmt": 0,
    "UnappliedAmt": 0,
    "ProcessPayment": False,
    "domain": "QBO",
    "sparse": False,
    "Id": "247",
    "SyncToken": "1",
    "MetaData": {},
    "TxnDate": "2025-05-26",
    "CurrencyRef": USD,
    "PrivateNote": "Voided",
    "Line": [],
}
