"""The list of entities that the sandbox knows."""

from bridge.sandbox.quickbooks.entities.accounts import ACCOUNT
from bridge.sandbox.quickbooks.entities.deposits import DEPOSIT
from bridge.sandbox.quickbooks.entities.invoices import INVOICE
from bridge.sandbox.quickbooks.entities.items import ITEM
from bridge.sandbox.quickbooks.entities.journal import JOURNAL_ENTRY
from bridge.sandbox.quickbooks.entities.kind import EntityKind
from bridge.sandbox.quickbooks.entities.lists import CLASS, COMPANY_CURRENCY, DEPARTMENT, PAYMENT_METHOD, TERM
from bridge.sandbox.quickbooks.entities.names import CUSTOMER, EMPLOYEE, VENDOR
from bridge.sandbox.quickbooks.entities.payments import PAYMENT
from bridge.sandbox.quickbooks.entities.receipts import CREDIT_MEMO, REFUND_RECEIPT, SALES_RECEIPT
from bridge.sandbox.quickbooks.entities.settings import COMPANY_INFO, PREFERENCES
from bridge.sandbox.quickbooks.entities.tax import TAX_AGENCY, TAX_CODE, TAX_RATE

KINDS: dict[str, EntityKind] = {
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
