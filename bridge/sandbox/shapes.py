"""The properties of every entity, as Intuit's reference and schema have them.

Those that the sandbox gives no meaning are accepted, kept and returned all the same. Lengths come from the API
reference.
"""

from bridge.sandbox.schema import Shape, shape

PARTS: dict[str, Shape] = {}
ENTITIES: dict[str, Shape] = {}


def _part(name: str, text: str, *, keeps_empty: bool = False) -> None:
    PARTS[name] = shape(name, text, PARTS, keeps_empty=keeps_empty)


def _entity(name: str, text: str) -> None:
    ENTITIES[name] = shape(
        name, f"Id:i SyncToken:i sparse:b domain:s status:s MetaData:* CustomExtensions:* {text}", PARTS
    )


_part(
    "Addr",
    """Id:i Line1:s500 Line2:s500 Line3:s500 Line4:s500 Line5:s500 City:s255 Country:s255 CountryCode:s255
    CountrySubDivisionCode:s255 PostalCode:s30 PostalCodeSuffix:s30 Lat:s Long:s Tag:s Note:s""",
)
_part("Email", "Id:i Address:s100 Default:b Tag:s")
_part(
    "Phone", "Id:i FreeFormNumber:s30 DeviceType:s CountryCode:s AreaCode:s ExchangeCode:s Extension:s Default:b Tag:s"
)
_part("Web", "Id:i URI:s1000 Default:b Tag:s")
_part("Memo", "value:s1000 Id:i")
_part("CustomField", "DefinitionId:i Name:s Type:s StringValue:s BooleanValue:b DateValue:d NumberValue:n")
_part("LinkedTxn", "TxnId:i TxnType:s TxnLineId:i", keeps_empty=True)
_part("Discount", "PercentBased:b DiscountPercent:n DiscountAmount:n DiscountRef:r DiscountAccountRef:r")
_part(
    "SalesItem",
    """ItemRef:r ItemAccountRef:r ClassRef:r UnitPrice:n RatePercent:n PriceLevelRef:r Qty:n UOMRef:* TaxCodeRef:r
    TaxInclusiveAmt:n ServiceDate:d DiscountRate:n DiscountAmt:n MarkupInfo:* InventorySiteRef:r DeferredRevenue:b
    TaxClassificationRef:r""",
)
_part("SubTotal", "ItemRef:r")
_part(
    "DiscountLine",
    """PercentBased:b DiscountPercent:n DiscountAccountRef:r Discount:o(Discount) DiscountRef:r ClassRef:r TaxCodeRef:r
    DiscountAmount:n ServiceDate:d""",
)
_part("DescriptionLine", "ServiceDate:d TaxCodeRef:r")
_LINE = """Id:i LineNum:n Description:s4000 Amount:n DetailType:s LinkedTxn:l(LinkedTxn) CustomField:l(CustomField)
    Received:n CustomExtensions:* SalesItemLineDetail:o(SalesItem) SubTotalLineDetail:o(SubTotal)
    SubtotalLineDetail:o(SubTotal) DiscountLineDetail:o(DiscountLine) DescriptionLineDetail:o(DescriptionLine)
    DescriptionOnlyLineDetail:o(DescriptionLine) TDSLineDetail:*"""
_part("GroupedLine", _LINE)
_part("Group", "GroupItemRef:r Quantity:n UOMRef:* Line:l(GroupedLine) ServiceDate:d")
_part("SalesLine", f"{_LINE} GroupLineDetail:o(Group)")
_part(
    "TaxLineDetail",
    """TaxRateRef:r PercentBased:b TaxPercent:n NetAmountTaxable:n TaxInclusiveAmount:n OverrideDeltaAmount:n
    ServiceDate:d""",
)
_part("TaxLine", "Id:i LineNum:n Amount:n DetailType:s TaxLineDetail:o(TaxLineDetail)")
_part(
    "TxnTax",
    "TxnTaxCodeRef:r TotalTax:n TaxLine:l(TaxLine) DefaultTaxCodeRef:r TaxReviewStatus:s UseAutomatedSalesTax:b",
)
_part("PaymentLine", "Id:i LineNum:n Description:s4000 Amount:n DetailType:s LinkedTxn:l(LinkedTxn) CustomField:*")
_part("JournalEntity", "Type:s EntityRef:r")
_part(
    "JournalDetail",
    """PostingType:e(Debit|Credit) AccountRef:r Entity:o(JournalEntity) ClassRef:r DepartmentRef:r TaxCodeRef:r
    TaxAmount:n TaxApplicableOn:s BillableStatus:s TaxInclusiveAmt:n JournalCodeRef:r""",
)
_part(
    "JournalLine",
    """Id:i LineNum:n Description:s4000 Amount:n DetailType:s JournalEntryLineDetail:o(JournalDetail)
    DescriptionLineDetail:o(DescriptionLine) LinkedTxn:l(LinkedTxn) CustomField:* ProjectRef:r""",
)
_part(
    "DepositDetail",
    """AccountRef:r Entity:r ClassRef:r PaymentMethodRef:r CheckNum:s TxnType:s TaxCodeRef:r TaxApplicableOn:s""",
)
_part(
    "DepositLine",
    """Id:i LineNum:n Description:s4000 Amount:n DetailType:s LinkedTxn:l(LinkedTxn)
    DepositLineDetail:o(DepositDetail) DepositToAccountRef:r CustomField:* ProjectRef:r""",
)
_part("CashBack", "AccountRef:r Amount:n Memo:s")
_part("TaxRateDetail", "TaxRateRef:r TaxTypeApplicable:s TaxOrder:n TaxOnTaxOrder:n")
_part("TaxRateList", "TaxRateDetail:l(TaxRateDetail) originatingGroupId:i")
_part("GroupMember", "ItemRef:r Qty:n UOMRef:*")
_part("ItemGroup", "ItemGroupLine:l(GroupMember)")

_PERSON = """Title:s16 GivenName:s100 MiddleName:s100 FamilyName:s100 Suffix:s16 DisplayName:s500 PrintOnCheckName:s110
    Active:b PrimaryPhone:o(Phone) Mobile:o(Phone) PrimaryEmailAddr:o(Email) V4IDPseudonym:s"""
_entity(
    "Customer",
    f"""{_PERSON} CompanyName:s100 FullyQualifiedName:s Notes:s2000 Job:b BillWithParent:b ParentRef:r Level:n
    IsProject:b ClientEntityId:i Taxable:b Balance:n BalanceWithJobs:n OpenBalanceDate:d CreditLimit:n
    PreferredDeliveryMethod:s ResaleNum:s16 SecondaryTaxIdentifier:s GSTIN:s GSTRegistrationType:s BusinessNumber:s
    PrimaryTaxIdentifier:s TaxExemptionReasonId:i OverDueBalance:n TotalRevenue:n TotalExpense:n AcctNum:s Source:s
    source:s WebSiteAddr:* BillAddr:o(Addr) ShipAddr:o(Addr) OtherAddr:* OtherContactInfo:* AlternatePhone:o(Phone)
    Fax:o(Phone) WebAddr:o(Web) DefaultTaxCodeRef:r SalesTermRef:r PaymentMethodRef:r CustomerTypeRef:r
    PriceLevelRef:r SalesRepRef:r TaxRegimeRef:r CurrencyRef:r ARAccountRef:r CCDetail:* CustomField:l(CustomField)
UserId:i Organization:b""",
)
_entity(
    "Vendor",
    f"""{_PERSON} CompanyName:s100 BillAddr:o(Addr) ShipAddr:o(Addr) AlternatePhone:o(Phone) Fax:o(Phone) WebAddr:o(Web)
    TermRef:r CurrencyRef:r APAccountRef:r AcctNum:s100 Vendor1099:b Balance:n BillRate:n CostRate:n TaxIdentifier:s20
    TaxReportingBasis:s BusinessNumber:s GSTIN:s GSTRegistrationType:s HasTPAR:b T4AEligible:b T5018Eligible:b
    VendorPaymentBankDetail:* OtherContactInfo:* ContactInfo:* Notes:s4000 source:s""",
)
_entity(
    "Employee",
    f"""{_PERSON} SSN:s EmployeeNumber:s100 BillRate:n CostRate:n BirthDate:d Gender:s HiredDate:d ReleasedDate:d
    Organization:b BillableTime:b PrimaryAddr:o(Addr) EmailAddress:* source:s""",
)
_entity(
    "Item",
    """Name:s100 Sku:s100 Description:s4000 Active:b SubItem:b ParentRef:r Level:n FullyQualifiedName:s Taxable:b
    SalesTaxIncluded:b UnitPrice:n RatePercent:n PurchaseDesc:s1000 PurchaseTaxIncluded:b PurchaseCost:n
    Type:e(Service|Inventory|NonInventory|Group|Category|Bundle|Assembly|Fixed~Asset|Other~Charge|Payment|Discount|Subtotal)
    TrackQtyOnHand:b QtyOnHand:n QtyOnPurchaseOrder:n QtyOnSalesOrder:n ReorderPoint:n InvStartDate:d
    AssetAccountRef:r ExpenseAccountRef:r IncomeAccountRef:r SalesTaxCodeRef:r PurchaseTaxCodeRef:r ClassRef:r
    TaxClassificationRef:r PrefVendorRef:r AbatementRate:n ReverseChargeRate:n ServiceType:s ItemCategoryType:s
    UQCDisplayText:s UQCId:s DeferredRevenue:b PrintGroupedItems:b ItemGroupDetail:o(ItemGroup) Source:s ManPartNum:s
    CustomField:l(CustomField)""",
)
_entity(
    "Account",
    """Name:s100 SubAccount:b ParentRef:r Description:s100 FullyQualifiedName:s Active:b Classification:s AccountType:s
    AccountSubType:s AcctNum:s20 AcctNumExtn:s BankNum:s OpeningBalance:n OpeningBalanceDate:d CurrentBalance:n
    CurrentBalanceWithSubAccounts:n CurrencyRef:r TaxCodeRef:r TaxAccount:b OnlineBankingEnabled:b FIName:s
    AccountAlias:s TxnLocationType:s JournalCodeRef:r""",
)
_SALES = """DocNumber:s21 TxnDate:d PrivateNote:s4000 TxnStatus:s TxnSource:s CustomField:l(CustomField) DepartmentRef:r
    ClassRef:r CurrencyRef:r ExchangeRate:n CustomerRef:r CustomerMemo:o(Memo) BillAddr:o(Addr) ShipAddr:o(Addr)
    ShipFromAddr:o(Addr) BillEmail:o(Email) FreeFormAddress:b ShipMethodRef:r ShipDate:d TrackingNum:s Line:l(SalesLine)
    TxnTaxDetail:o(TxnTax) GlobalTaxCalculation:e(TaxExcluded|TaxInclusive|NotApplicable) ApplyTaxAfterDiscount:b
    TotalAmt:n HomeTotalAmt:n Balance:n HomeBalance:n PrintStatus:s EmailStatus:s DeliveryInfo:*
    LinkedTxn:l(LinkedTxn) RecurDataRef:r TaxExemptionRef:r TransactionLocationType:s ProjectRef:r PaymentMethodRef:r
    DepositToAccountRef:r PaymentRefNum:s21 ARAccountRef:r Tag:* Tags:* AutoDocNumber:b OverrideItemAccountEnabled:b
    DomainSpecific:*"""
_entity(
    "Invoice",
    f"""{_SALES} DueDate:d SalesTermRef:r Deposit:n AllowIPNPayment:b AllowOnlinePayment:b
    AllowOnlineCreditCardPayment:b AllowOnlineACHPayment:b AllowOnlinePayPalPayment:b InvoiceLink:s
    BillEmailCc:o(Email) BillEmailBcc:o(Email) EInvoiceStatus:s ECloudStatusTimeStamp:s invoiceStatus:s
    callToAction:s invoiceStatusLog:* PONumber:s FOB:s SalesRepRef:r CCOnlinePaymentFee:* ConvenienceFeeDetail:*
TotalTax:n""",
)
_entity(
    "SalesReceipt",
    f"{_SALES} PaymentType:s CheckPayment:* CreditCardPayment:* BillEmailCc:o(Email) BillEmailBcc:o(Email)",
)
_entity(
    "CreditMemo", f"{_SALES} RemainingCredit:n SalesTermRef:r InvoiceRef:r BillEmailCc:o(Email) BillEmailBcc:o(Email)"
)
_entity(
    "RefundReceipt",
    f"""{_SALES.replace("PaymentRefNum:s21", "PaymentRefNum:s100")} PaymentType:s CheckPayment:* CreditCardPayment:*
    CheckNum:s""",
)
_entity(
    "Payment",
    """TotalAmt:n UnappliedAmt:n CustomerRef:r ProjectRef:r CurrencyRef:r ExchangeRate:n TxnDate:d PrivateNote:s4000
    PaymentMethodRef:r PaymentRefNum:s21 DepositToAccountRef:r ARAccountRef:r ProcessPayment:b CreditCardPayment:*
    CheckPayment:* PaymentType:s TxnSource:s TxnStatus:s TaxExemptionRef:r TransactionLocationType:s Line:l(PaymentLine)
    LinkedTxn:l(LinkedTxn) DepartmentRef:r HomeTotalAmt:n DocNumber:s21 CustomField:l(CustomField) Tag:*""",
)
_entity(
    "Deposit",
    """TxnDate:d DocNumber:s21 PrivateNote:s4000 TxnStatus:s TxnSource:s DepositToAccountRef:r DepartmentRef:r
    CurrencyRef:r ExchangeRate:n TotalAmt:n HomeTotalAmt:n GlobalTaxCalculation:s TxnTaxDetail:o(TxnTax)
    CashBack:o(CashBack) Line:l(DepositLine) AttachableRef:* TransactionLocationType:s RecurDataRef:r CustomField:*
LinkedTxn:l(LinkedTxn)""",
)
_entity(
    "JournalEntry",
    """TxnDate:d DocNumber:s21 PrivateNote:s4000 Adjustment:b Line:l(JournalLine) CurrencyRef:r ExchangeRate:n
    TotalAmt:n HomeTotalAmt:n TxnTaxDetail:o(TxnTax) GlobalTaxCalculation:s TaxRateRef:r TransactionLocationType:s
    RecurDataRef:r JournalCodeRef:r CustomField:* LinkedTxn:l(LinkedTxn) TxnSource:s TxnStatus:s""",
)
_entity(
    "Transfer",
    """TxnDate:d PrivateNote:s4000 FromAccountRef:r ToAccountRef:r Amount:n CurrencyRef:r ExchangeRate:n
    TxnSource:s TxnStatus:s TransactionLocationType:s RecurDataRef:r""",
)
_entity("PaymentMethod", "Name:s31 Type:e(CREDIT_CARD|NON_CREDIT_CARD) Active:b")
_entity(
    "Term",
    """Name:s31 Active:b Type:s DueDays:n DiscountPercent:n DiscountDays:n DayOfMonthDue:n DueNextMonthDays:n
    DiscountDayOfMonth:n""",
)
_entity(
    "TaxCode",
    """Name:s100 Description:s100 Active:b Hidden:b Taxable:b TaxGroup:b TaxCodeConfigType:s
    SalesTaxRateList:o(TaxRateList) PurchaseTaxRateList:o(TaxRateList)""",
)
_entity(
    "TaxRate",
    """Name:s100 Description:s100 Active:b RateValue:n AgencyRef:r TaxReturnLineRef:r SpecialTaxType:s DisplayType:s
    EffectiveTaxRate:* OriginalTaxRate:s""",
)
_entity(
    "TaxAgency",
    """DisplayName:s100 TaxTrackedOnSales:b TaxTrackedOnPurchases:b TaxRegistrationNumber:s LastFileDate:d
    TaxAgencyConfig:s SalesTaxReturnRef:r""",
)
_entity("Class", "Name:s100 SubClass:b ParentRef:r FullyQualifiedName:s Active:b")
_entity("Department", "Name:s100 SubDepartment:b ParentRef:r FullyQualifiedName:s Active:b Address:o(Addr)")
_entity("CompanyCurrency", "Code:s3 Name:s100 Active:b CustomField:l(CustomField)")
_entity(
    "Preferences",
    """EmailMessagesPrefs:* ProductAndServicesPrefs:* ReportPrefs:* AccountingInfoPrefs:* SalesFormsPrefs:*
    VendorAndPurchasesPrefs:* TaxPrefs:* OtherPrefs:* TimeTrackingPrefs:* CurrencyPrefs:* PrintDocumentPrefs:*""",
)
_entity(
    "CompanyInfo",
    """CompanyName:s1024 LegalName:s1024 CompanyAddr:o(Addr) CustomerCommunicationAddr:o(Addr) LegalAddr:o(Addr)
    CustomerCommunicationEmailAddr:o(Email) PrimaryPhone:o(Phone) CompanyStartDate:d FiscalYearStartMonth:s Country:s
    Email:o(Email) WebAddr:o(Web) SupportedLanguages:s DefaultTimeZone:s NameValue:* MultiByteCharsSupported:b
    EmployerId:s CompanyEmailAddr:o(Email) TaxPayerId:s""",
)
