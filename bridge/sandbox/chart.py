"""The chart of accounts of Intuit's US sample company (a recorded listing of 2026-09), without balances.

One account a line: id, parent's id, name, AccountType, AccountSubType. Ids are a property of that company, never
constants: whoever looks for an account goes by its AccountSubType. Account 18 is inactive.
"""

INACTIVE = frozenset(("18",))
CHART = """\
1||Services|Income|ServiceFeeIncome
2||Retained Earnings|Equity|RetainedEarnings
3||Prepaid Expenses|Other Current Asset|PrepaidExpenses
4||Undeposited Funds|Other Current Asset|UndepositedFunds
5||Fees Billed|Income|ServiceFeeIncome
6||Refunds-Allowances|Income|DiscountsRefundsGiven
7||Advertising|Expense|AdvertisingPromotional
8||Bank Charges|Expense|BankCharges
9||Commissions & fees|Expense|OtherMiscellaneousServiceCost
10||Dues & Subscriptions|Expense|DuesSubscriptions
11||Insurance|Expense|Insurance
12||Legal & Professional Fees|Expense|LegalProfessionalFees
13||Meals and Entertainment|Expense|EntertainmentMeals
14||Miscellaneous|Other Expense|OtherMiscellaneousExpense
15||Office Expenses|Expense|OfficeGeneralAdministrativeExpenses
16||Promotional|Expense|AdvertisingPromotional
17||Rent or Lease|Expense|RentOrLeaseOfBuildings
18||Repair & Maintenance|Expense|RepairMaintenance
19||Stationery & Printing|Expense|OfficeGeneralAdministrativeExpenses
20||Supplies|Expense|SuppliesMaterials
21||Taxes & Licenses|Expense|TaxesPaid
22||Travel|Expense|Travel
23||Travel Meals|Expense|TravelMeals
24||Utilities|Expense|Utilities
25||Interest Earned|Other Income|InterestEarned
26||Other Portfolio Income|Other Income|OtherMiscellaneousIncome
27||Penalties & Settlements|Other Expense|PenaltiesSettlements
28||Disposal Fees|Expense|OtherMiscellaneousServiceCost
29||Equipment Rental|Expense|EquipmentRental
30||Uncategorized Income|Income|ServiceFeeIncome
31||Uncategorized Expense|Expense|OtherMiscellaneousServiceCost
32||Uncategorized Asset|Other Current Asset|OtherCurrentAssets
33||Accounts Payable (A/P)|Accounts Payable|AccountsPayable
34||Opening Balance Equity|Equity|OpeningBalanceEquity
35||Checking|Bank|Checking
36||Savings|Bank|Savings
37||Truck|Fixed Asset|Vehicles
38|37|Original Cost|Fixed Asset|Vehicles
39|37|Depreciation|Fixed Asset|AccumulatedDepreciation
40||Depreciation|Other Expense|Depreciation
41||Mastercard|Credit Card|CreditCard
42||Visa|Credit Card|CreditCard
43||Loan Payable|Other Current Liability|OtherCurrentLiabilities
44||Notes Payable|Long Term Liability|OtherLongTermLiabilities
45||Landscaping Services|Income|OtherPrimaryIncome
46|45|Job Materials|Income|OtherPrimaryIncome
47|46|Decks and Patios|Income|OtherPrimaryIncome
48|46|Fountains and Garden Lighting|Income|OtherPrimaryIncome
49|46|Plants and Soil|Income|OtherPrimaryIncome
50|46|Sprinklers and Drip Systems|Income|OtherPrimaryIncome
51|45|Labor|Income|OtherPrimaryIncome
52|51|Installation|Income|OtherPrimaryIncome
53|51|Maintenance and Repair|Income|OtherPrimaryIncome
54||Pest Control Services|Income|OtherPrimaryIncome
55||Automobile|Expense|Auto
56|55|Fuel|Expense|Auto
57|11|Workers Compensation|Expense|Insurance
58||Job Expenses|Expense|OtherMiscellaneousServiceCost
59|58|Cost of Labor|Expense|OtherMiscellaneousServiceCost
60|59|Installation|Expense|OtherMiscellaneousServiceCost
61|59|Maintenance and Repairs|Expense|OtherMiscellaneousServiceCost
62|58|Equipment Rental|Expense|EquipmentRental
63|58|Job Materials|Expense|SuppliesMaterials
64|63|Decks and Patios|Expense|SuppliesMaterials
65|63|Fountain and Garden Lighting|Expense|SuppliesMaterials
66|63|Plants and Soil|Expense|SuppliesMaterials
67|63|Sprinklers and Drip Systems|Expense|SuppliesMaterials
68|58|Permits|Expense|OtherMiscellaneousServiceCost
69|12|Accounting|Expense|LegalProfessionalFees
70|12|Bookkeeper|Expense|LegalProfessionalFees
71|12|Lawyer|Expense|LegalProfessionalFees
72||Maintenance and Repair|Expense|RepairMaintenance
73|72|Building Repairs|Expense|RepairMaintenance
74|72|Computer Repairs|Expense|RepairMaintenance
75|72|Equipment Repairs|Expense|RepairMaintenance
76|24|Gas and Electric|Expense|Utilities
77|24|Telephone|Expense|Utilities
78||Purchases|Expense|SuppliesMaterials
79||Sales of Product Income|Income|SalesOfProductIncome
80||Cost of Goods Sold|Cost of Goods Sold|SuppliesMaterialsCogs
81||Inventory Asset|Other Current Asset|Inventory
82||Design income|Income|OtherPrimaryIncome
83||Other Income|Income|OtherPrimaryIncome
84||Accounts Receivable (A/R)|Accounts Receivable|AccountsReceivable
85||Billable Expense Income|Income|ServiceFeeIncome
86||Discounts given|Income|DiscountsRefundsGiven
87||Unapplied Cash Payment Income|Income|UnappliedCashPaymentIncome
88||Unapplied Cash Bill Payment Expense|Expense|UnappliedCashBillPaymentExpense
89||Arizona Dept. of Revenue Payable|Other Current Liability|GlobalTaxPayable
90||Board of Equalization Payable|Other Current Liability|GlobalTaxPayable
"""


def rows() -> list[tuple[str, str, str, str, str]]:
    """The accounts, parents before their children."""
    found = []
    for line in CHART.splitlines():
        account_id, parent, name, account_type, subtype = line.split("|")
        found.append((account_id, parent, name, account_type, subtype))
    return found
