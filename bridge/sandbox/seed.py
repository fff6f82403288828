"""A company's first day: what every company is born with.

Chart, terms, payment methods, tax and preferences are those of Intuit's sample company (recorded Preferences of 2018,
CompanyInfo as documented).
"""

from collections.abc import Mapping
from decimal import Decimal

from bridge.sandbox.chart import INACTIVE, rows
from bridge.sandbox.clock import SandboxClock
from bridge.sandbox.company import Kind, SandboxCompany
from bridge.sandbox.entities.kind import Ask
from bridge.sandbox.settings import SandboxSettings
from bridge.sandbox.taxservice import add
from bridge.sandbox.wire import Doc

FIRST_SAMPLE_NUMBER = 1037
PAYMENT_METHODS = (
    ("Cash", "NON_CREDIT_CARD"),
    ("Check", "NON_CREDIT_CARD"),
    ("Visa", "CREDIT_CARD"),
    ("MasterCard", "CREDIT_CARD"),
    ("Discover", "CREDIT_CARD"),
    ("American Express", "CREDIT_CARD"),
    ("Diners Club", "CREDIT_CARD"),
)
TERMS = (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60))
AGENCIES = ("Arizona Dept. of Revenue", "Board of Equalization")
RATES = (("AZ State tax", "7.1", "1"), ("Tucson City", "2", "1"), ("California", "8", "2"))
CODES: tuple[tuple[str, tuple[str, ...]], ...] = (("California", ("3",)), ("Tucson", ("1", "2")))


#: Country → agency and (code, percent); a real company has more codes, these are the ones that sales use.
OTHER_TAXES: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "GB": ("HM Revenue & Customs (VAT)", (("20.0% S", "20"), ("5.0% R", "5"), ("0.0% Z", "0"))),
    "CA": ("Canada Revenue Agency", (("GST", "5"), ("HST ON", "13"), ("Exempt", "0"))),
    "AU": ("Australian Taxation Office", (("GST", "10"), ("GST free", "0"))),
    "IE": ("Revenue Commissioners", (("23.0% S", "23"), ("13.5% R", "13.5"), ("0.0% Z", "0"))),
    "FR": ("Direction générale des Finances publiques", (("20 % TVA", "20"), ("5,5 % TVA", "5.5"), ("0 % TVA", "0"))),
}


def new_company(
    realm: str, settings: SandboxSettings, clock: SandboxClock, kinds: Mapping[str, Kind]
) -> SandboxCompany:
    """A company with its lists and no customers, items or transactions."""
    company = SandboxCompany(realm, settings, clock, kinds)
    company.begin()
    _single(company, "Preferences", preferences(settings))
    _single(company, "CompanyInfo", company_info(company, settings))
    for account_id, parent, name, account_type, subtype in rows():
        account: Doc = {"Name": name, "AccountType": account_type, "AccountSubType": subtype}
        if parent:
            account["ParentRef"] = {"value": parent}
        add(company, "Account", account | {"Active": account_id not in INACTIVE})
    for method, method_type in PAYMENT_METHODS:
        add(company, "PaymentMethod", {"Name": method, "Type": method_type})
    for term, days in TERMS:
        add(company, "Term", {"Name": term, "DueDays": Decimal(days)})
    if settings.country == "US":
        _us_tax(company)
    else:
        _other_tax(company)
    company.commit()
    company.sequences.setdefault("DocNumber", 1001)
    return company


def _single(company: SandboxCompany, entity: str, given: Doc, entity_id: str = "1") -> None:
    """An entity under an id that no sequence gives."""
    now = company.stamp()
    meta = {"CreateTime": now, "LastUpdatedTime": now}
    doc = {**given, "domain": "QBO", "sparse": False, "Id": entity_id, "SyncToken": "0", "MetaData": meta}
    company.put(entity, doc, "Create")


def _us_tax(company: SandboxCompany) -> None:
    for agency in AGENCIES:
        add(company, "TaxAgency", {"DisplayName": agency})
    for rate, percent, agency in RATES:
        given = {"Name": rate, "Description": rate, "RateValue": Decimal(percent), "AgencyRef": {"value": agency}}
        add(company, "TaxRate", given)
    for pseudo, taxable in (("TAX", True), ("NON", False), ("CustomSalesTax", True)):
        given = {"Name": pseudo, "Description": pseudo, "Taxable": taxable, "TaxGroup": False}
        _single(company, "TaxCode", company.kinds["TaxCode"].build(company, given, None, Ask()), pseudo)
        company.tables["TaxCode"][pseudo].pop("SyncToken")
    company.undo.set(company.sequences, "TaxCode", 2)
    for code, rates in CODES:
        details = [
            {"TaxRateRef": {"value": rate}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": Decimal(order)}
            for order, rate in enumerate(rates)
        ]
        given = {"Name": code, "Description": f"{code} tax", "SalesTaxRateList": {"TaxRateDetail": details}}
        add(company, "TaxCode", given | {"PurchaseTaxRateList": {"TaxRateDetail": []}})


def _other_tax(company: SandboxCompany) -> None:
    """Outside the US: one agency, the standard rates of the country, a code for each and one without tax."""
    agency, rates = OTHER_TAXES.get(company.country, OTHER_TAXES["GB"])
    holder = add(company, "TaxAgency", {"DisplayName": agency, "TaxTrackedOnPurchases": True})
    company.undo.set(company.sequences, "TaxCode", 2)
    for name, percent in rates:
        given = {"Name": name, "Description": name, "RateValue": Decimal(percent), "AgencyRef": {"value": holder["Id"]}}
        rate = add(company, "TaxRate", given)
        detail = {"TaxRateRef": {"value": rate["Id"]}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": Decimal(0)}
        lists = {"SalesTaxRateList": {"TaxRateDetail": [detail]}, "PurchaseTaxRateList": {"TaxRateDetail": [detail]}}
        add(company, "TaxCode", {"Name": name, "Description": name, **lists})


def preferences(settings: SandboxSettings) -> Doc:
    """The preferences of a new company."""
    tax: Doc = {"UsingSalesTax": True}
    if settings.country == "US":
        tax["TaxGroupCodeRef"] = {"value": "2"}
    return {
        "AccountingInfoPrefs": {
            "FirstMonthOfFiscalYear": "January",
            "UseAccountNumbers": False,
            "TaxYearMonth": "January",
            "ClassTrackingPerTxn": False,
            "TrackDepartments": False,
            "TaxForm": "6",
            "CustomerTerminology": "Customers",
            "DepartmentTerminology": "Location",
            "ClassTrackingPerTxnLine": False,
        },
        "ProductAndServicesPrefs": {
            "QuantityWithPriceAndRate": True,
            "ForPurchase": True,
            "QuantityOnHand": True,
            "ForSales": True,
        },
        "SalesFormsPrefs": _sales_forms(),
        "EmailMessagesPrefs": {
            "InvoiceMessage": {"Subject": "Invoice from Sandbox Company_US_1", "Message": "Your invoice is attached."},
            "EstimateMessage": {},
            "SalesReceiptMessage": {},
            "StatementMessage": {},
        },
        "VendorAndPurchasesPrefs": {"BillableExpenseTracking": True, "TrackingByCustomer": True},
        "TimeTrackingPrefs": {
            "WorkWeekStartDate": "Monday",
            "MarkTimeEntriesBillable": True,
            "ShowBillRateToAll": False,
            "UseServices": True,
            "BillCustomers": True,
        },
        "TaxPrefs": tax,
        "CurrencyPrefs": {"HomeCurrency": {"value": settings.home_currency}, "MultiCurrencyEnabled": False},
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {
            "NameValue": [
                {"Name": "SalesFormsPrefs.DefaultItem", "Value": "1"},
                {"Name": "UncategorizedAssetAccountId", "Value": "32"},
                {"Name": "UncategorizedIncomeAccountId", "Value": "30"},
                {"Name": "UncategorizedExpenseAccountId", "Value": "31"},
                {"Name": "ProjectsEnabled", "Value": "false"},
                {"Name": "WarnDuplicateCheckNumber", "Value": "true"},
                {"Name": "WarnDuplicateBillNumber", "Value": "false"},
            ]
        },
    }


def _sales_forms() -> Doc:
    return {
        "ETransactionPaymentEnabled": False,
        "CustomTxnNumbers": False,
        "AllowShipping": False,
        "AllowServiceDate": False,
        "ETransactionEnabledStatus": "NotApplicable",
        "DefaultCustomerMessage": "Thank you for your business and have a great day!",
        "EmailCopyToCompany": False,
        "AllowEstimates": True,
        "DefaultTerms": {"value": "3"},
        "AllowDiscount": True,
        "DefaultDiscountAccount": "86",
        "AllowDeposit": True,
        "AutoApplyPayments": True,
        "IPNSupportEnabled": False,
        "AutoApplyCredit": True,
        "CustomField": [],
        "UsingPriceLevels": False,
        "ETransactionAttachPDF": False,
    }


def company_info(company: SandboxCompany, settings: SandboxSettings) -> Doc:
    """The company's own card."""
    mail = {"Address": "noreply@quickbooks.com"}
    address: Doc = {"Id": "1", "Line1": "123 Sierra Way", "City": "San Pablo"}
    return {
        "CompanyName": "Sandbox Company_US_1",
        "LegalName": "Sandbox Company_US_1",
        "CompanyAddr": address | {"CountrySubDivisionCode": "CA", "PostalCode": "87999"},
        "CustomerCommunicationAddr": {"Id": "1"},
        "LegalAddr": {"Id": "1"},
        "CustomerCommunicationEmailAddr": mail,
        "PrimaryPhone": {},
        "CompanyStartDate": company.today().isoformat(),
        "FiscalYearStartMonth": "January",
        "Country": settings.country,
        "Email": mail,
        "WebAddr": {},
        "SupportedLanguages": "en",
        "DefaultTimeZone": settings.time_zone,
        "NameValue": [
            {"Name": "NeoEnabled", "Value": "true"},
            {"Name": "IndustryType", "Value": "Landscaping Services"},
            {"Name": "IndustryCode", "Value": "561730"},
            {"Name": "SubscriptionStatus", "Value": "PAID"},
            {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
            {"Name": "PayrollFeature", "Value": "false"},
            {"Name": "AccountantFeature", "Value": "false"},
            {"Name": "ItemCategoriesFeature", "Value": "true"},
        ],
    }
