"""The list of entities that the sandbox knows."""

from bridge.sandbox.company import Kind
from bridge.sandbox.entities.accounts import ACCOUNT
from bridge.sandbox.entities.deposits import DEPOSIT
from bridge.sandbox.entities.invoices import INVOICE
from bridge.sandbox.entities.items import ITEM
from bridge.sandbox.entities.journal import JOURNAL_ENTRY
from bridge.sandbox.entities.lists import CLASS, COMPANY_CURRENCY, DEPARTMENT, PAYMENT_METHOD, TERM
from bridge.sandbox.entities.names import CUSTOMER, EMPLOYEE, VENDOR
from bridge.sandbox.entities.payments import PAYMENT
from bridge.sandbox.entities.receipts import CREDIT_MEMO, REFUND_RECEIPT, SALES_RECEIPT
from bridge.sandbox.entities.settings import COMPANY_INFO, PREFERENCES
from bridge.sandbox.entities.tax import TAX_AGENCY, TAX_CODE, TAX_RATE
from bridge.sandbox.entities.transfers import TRANSFER

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        CUSTOMER,
        VENDOR,
        EMPLOYEE,
        ITEM,
        ACCOUNT,
        INVOICE,
        PAYMENT,
        SALES_RECEIPT,
        CREDIT_MEMO,
        REFUND_RECEIPT,
        DEPOSIT,
        JOURNAL_ENTRY,
        TRANSFER,
        PAYMENT_METHOD,
        TERM,
        TAX_CODE,
        TAX_RATE,
        TAX_AGENCY,
        CLASS,
        DEPARTMENT,
        COMPANY_CURRENCY,
        PREFERENCES,
        COMPANY_INFO,
    )
}
