"""The sample company: a landscaper with a year of business, made through the sandbox's own write path.

Names of customers, items and vendors, and the ids of the best known of them, are those of the company that Intuit
hands to developers (reference notes, "Sandbox seed objects"); amounts are ours. Dates count back from the company's
today, so some invoices are always overdue.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.seed import FIRST_SAMPLE_NUMBER
from bridge.sandbox.wire import Doc, money
from bridge.sandbox.writes import write

#: DisplayName | given name | family name | company | street | city | state | zip.
CUSTOMERS = """\
Amy's Bird Sanctuary|Amy|Lauterbach|Amy's Bird Sanctuary|4581 Finch St.|Bayshore|CA|94326
Bill's Windsurf Shop|Bill|Lucchini|Bill's Windsurf Shop|12 Ocean Dr.|Half Moon Bay|CA|94213
Cool Cars|Grace|Pariente|Cool Cars|65 Ocean Dr.|Half Moon Bay|CA|94213
Diego Rodriguez|Diego|Rodriguez||321 Channing|Palo Alto|CA|94303
Dukes Basketball Camp|Peter|Dukes|Dukes Basketball Camp|25 Court St.|Tucson|AZ|85719
Dylan Sollfrank|Dylan|Sollfrank||19 Elm Way|San Mateo|CA|94401
Freeman Sporting Goods|Kirby|Freeman|Freeman Sporting Goods|370 Easy St.|Middlefield|CA|94482
0969 Ocean View Road|Sasha|Tillou|Freeman Sporting Goods|370 Easy St.|Middlefield|CA|94482
55 Twin Lane|Amelia||Freeman Sporting Goods|370 Easy St.|Middlefield|CA|94482
Geeta Kalapatapu|Geeta|Kalapatapu||1987 Main St.|Middlefield|CA|94303
Gevelber Photography|Lisa|Gevelber|Gevelber Photography|1103 Main St.|Middlefield|CA|94303
Jeff's Jalopies|Jeff|Chin|Jeff's Jalopies|12 Willow Rd.|Menlo Park|CA|94305
John Melton|John|Melton||85 Pine St.|Menlo Park|CA|94304
Kate Whelan|Kate|Whelan||45 First St.|Menlo Park|CA|94304
Kookies by Kathy|Kathy|Kuplis|Kookies by Kathy|789 Sugar Lane|Middlefield|CA|94303
Mark Cho|Mark|Cho||36 Willow Rd.|Menlo Park|CA|94304
Paulsen Medical Supplies|Kathy|Paulsen|Paulsen Medical Supplies|900 Main St.|Middlefield|CA|94303
Pye's Cakes|Karen|Pye|Pye's Cakes|350 Mountain View Dr.|South Orange|NJ|07079
Rago Travel Agency|Nicola|Rago|Rago Travel Agency|753 Cedar St.|Bayshore|CA|94326
Red Rock Diner|Stephanie|Martini|Red Rock Diner|500 Red Rock Rd.|Bayshore|CA|94326
Rondonuwu Fruit and Vegi|Tony|Rondonuwu|Rondonuwu Fruit and Vegi|847 California Ave.|San Jose|CA|95021
Shara Barnett|Shara|Barnett||19 Main St.|Middlefield|CA|94303
Barnett Design|Shara|Barnett|Barnett Design|19 Main St.|Middlefield|CA|94303
Sonnenschein Family Store|Russ|Sonnenschein|Sonnenschein Family Store|5647 Cypress Hill Ave.|Middlefield|CA|94303
Sushi by Katsuyuki|Katsuyuki|Yanagawa|Sushi by Katsuyuki|898 Elm St.|Maplewood|NJ|07040
Travis Waldron|Travis|Waldron||78 First St.|Monlo Park|CA|94304
Video Games by Dan|Dan|Pirman|Video Games by Dan|12 Main St.|Middlefield|CA|94303
Wedding Planning by Whitney|Whitney|Sorenson|Wedding Planning by Whitney|135 Broadway|Menlo Park|CA|94304
Weiskopf Consulting|Nicola|Weiskopf|Weiskopf Consulting|45612 Main St.|Bayshore|CA|94326
"""
JOBS = {"0969 Ocean View Road": "7", "55 Twin Lane": "7", "Barnett Design": "22"}
VENDORS = (
    "Bob's Burger Joint",
    "Books by Bessie",
    "Brosnahan Insurance Agency",
    "Cal Telephone",
    "Chin's Gas and Oil",
    "Cigna Health Care",
    "Computers by Jenni",
    "Diego's Road Warrior Bodyshop",
    "Ellis Equipment Rental",
    "Fidelity",
    "Hall Properties",
    "Hicks Hardware",
    "Lee Advertising",
    "Mahoney Mugs",
    "Norton Lumber and Building Materials",
    "PG&E",
    "Robertson & Associates",
    "Squeaky Kleen Car Wash",
    "Tania's Nursery",
    "Tim Philip Masonry",
)
EMPLOYEES = (("Emily", "Platt"), ("John", "Johnson"))
CLASSES = ("Residential", "Commercial", "Maintenance")
DEPARTMENTS = ("Bayshore", "Middlefield")
#: name | type | income account | price | SKU | taxable, in the order of their ids.
ITEMS = """\
Services|Service|1|0||
Hours|Service|1|0||
Concrete|Service|48|0||
Design|Service|82|75||
Rock Fountain|Inventory|79|275|RF-275|yes
Gardening|Service|45|0||
Installation|Service|52|50||
Lighting|Service|48|0|LIGHT-01|yes
Maintenance & Repair|Service|53|0||
Pest Control|Service|54|35||
Pump|Inventory|79|15|P461-17|yes
Refunds & Allowances|Service|6|0||
Rocks|Service|49|0||yes
Sod|Service|49|0|SOD-ROLL|yes
Soil|Service|49|10||yes
Sprinkler Heads|Inventory|79|2|SH-100|yes
Sprinkler Pipes|Inventory|79|4|SP-200|yes
Trimming|Service|45|35|TRIM|
"""
#: Opening balances of accounts that sales do not move (recorded balances of the sample company, debits positive).
OPENING = (
    ("35", "1201.00"),
    ("36", "800.00"),
    ("38", "13495.00"),
    ("41", "-157.72"),
    ("43", "-4000.00"),
    ("44", "-25000.00"),
)
COSTS = {"5": "125", "11": "10", "16": "0.75", "17": "2.5"}
ON_HAND = {"5": 30, "11": 60, "16": 400, "17": 300}


def fill(company: SandboxCompany) -> None:
    """The whole sample company."""
    company.sequences["DocNumber"] = FIRST_SAMPLE_NUMBER
    names = _names(company)
    _items(company)
    _lists(company)
    _opening(company)
    invoices = _invoices(company, names)
    _payments(company, invoices)
    _other_sales(company, names)


def _day(company: SandboxCompany, days_ago: int) -> str:
    return (company.today() - timedelta(days=days_ago)).isoformat()


def _names(company: SandboxCompany) -> list[str]:
    ids = []
    for number, row in enumerate(CUSTOMERS.splitlines()):
        name, given, family, business, street, city, state, postal = row.split("|")
        address = {"Line1": street, "City": city, "CountrySubDivisionCode": state, "PostalCode": postal}
        mail = f"{given}.{family or 'sample'}@example.com".lower()
        body: Doc = {"DisplayName": name, "GivenName": given, "FamilyName": family, "CompanyName": business}
        body |= {"BillAddr": address, "ShipAddr": address, "PrimaryEmailAddr": {"Address": mail}}
        body["PrimaryPhone"] = {"FreeFormNumber": f"(650) 555-{3000 + number * 37}"}
        if name in JOBS:
            body |= {"Job": True, "ParentRef": {"value": JOBS[name]}, "BillWithParent": False}
        ids.append(write(company, "Customer", body, "create")["Id"])
    for vendor in VENDORS:
        write(company, "Vendor", {"DisplayName": vendor, "CompanyName": vendor}, "create")
    for given, family in EMPLOYEES:
        write(company, "Employee", {"GivenName": given, "FamilyName": family}, "create")
    return ids


def _items(company: SandboxCompany) -> None:
    for number, row in enumerate(ITEMS.splitlines(), 1):
        name, kind, income, price, sku, taxable = row.split("|")
        body: Doc = {"Name": name, "Type": kind, "IncomeAccountRef": {"value": income}, "UnitPrice": Decimal(price)}
        body["Taxable"] = taxable == "yes"
        if sku:
            body["Sku"] = sku
        if kind == "Inventory":
            body |= {
                "TrackQtyOnHand": True,
                "QtyOnHand": Decimal(ON_HAND[str(number)]),
                "InvStartDate": _day(company, 365),
                "PurchaseCost": Decimal(COSTS[str(number)]),
                "AssetAccountRef": {"value": "81"},
                "ExpenseAccountRef": {"value": "80"},
            }
        write(company, "Item", body, "create")


def _lists(company: SandboxCompany) -> None:
    for name in CLASSES:
        write(company, "Class", {"Name": name}, "create")
    for name in DEPARTMENTS:
        write(company, "Department", {"Name": name}, "create")


def _opening(company: SandboxCompany) -> None:
    total = Decimal(0)
    lines = []
    for account_id, text in OPENING:
        amount = Decimal(text)
        total += amount
        lines.append(_journal_line(account_id, amount))
    lines.append(_journal_line("34", -total))
    body = {"TxnDate": _day(company, 365), "PrivateNote": "Opening balances", "Line": lines}
    write(company, "JournalEntry", body, "create")


def _journal_line(account_id: str, amount: Decimal) -> Doc:
    detail = {"PostingType": "Debit" if amount > 0 else "Credit", "AccountRef": {"value": account_id}}
    return {"Amount": abs(amount), "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}


def sale_line(company: SandboxCompany, item_id: str, quantity: int) -> Doc:
    """A line at the item's price, or at 60 where it has none."""
    item = company.tables["Item"][item_id]
    price = item["UnitPrice"] or Decimal(60)
    detail: Doc = {"ItemRef": {"value": item_id}, "Qty": Decimal(quantity), "UnitPrice": price}
    if company.country != "US":
        detail["TaxCodeRef"] = {"value": "2"}
    return {"Amount": money(quantity * price), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}


def _invoices(company: SandboxCompany, names: list[str]) -> list[Doc]:
    """Thirty-one invoices over the last four months, a third of them taxed."""
    invoices = []
    for number in range(31):
        customer = names[number * 7 % len(names)]
        items = [str(1 + (number * 5 + offset * 3) % 18) for offset in range(1 + number % 3)]
        body: Doc = {
            "CustomerRef": {"value": customer},
            "TxnDate": _day(company, 120 - number * 4 + number % 3),
            "Line": [sale_line(company, item_id, 1 + (number + offset) % 4) for offset, item_id in enumerate(items)],
            "CustomerMemo": {"value": "Thank you for your business and have a great day!"},
        }
        if number % 3 == 0 and company.country == "US":
            body["TxnTaxDetail"] = {"TxnTaxCodeRef": {"value": "2" if number % 2 == 0 else "3"}}
        if number % 4 == 0:
            body["SalesTermRef"] = {"value": str(1 + number % 3)}
        invoices.append(write(company, "Invoice", body, "create"))
    return invoices


def _payments(company: SandboxCompany, invoices: list[Doc]) -> None:
    """The older half is paid, every fifth of the rest in part; some of the money was brought to the bank."""
    received = []
    for number, invoice in enumerate(invoices):
        paid = invoice["TotalAmt"] if number < 16 else money(invoice["TotalAmt"] / 2) if number % 5 == 0 else Decimal(0)
        if not paid:
            continue
        link = {"TxnId": invoice["Id"], "TxnType": "Invoice"}
        body = {
            "CustomerRef": invoice["CustomerRef"],
            "TotalAmt": paid,
            "TxnDate": _day(company, max(100 - number * 4, 1)),
            "PaymentMethodRef": {"value": str(1 + number % 2)},
            "PaymentRefNum": str(2000 + number * 13),
            "Line": [{"Amount": paid, "LinkedTxn": [link]}],
        }
        received.append(write(company, "Payment", body, "create"))
    linked = [
        {"Amount": payment["TotalAmt"], "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}]}
        for payment in received[:6]
    ]
    body = {"DepositToAccountRef": {"value": "35"}, "TxnDate": _day(company, 60), "Line": linked}
    write(company, "Deposit", body, "create")


def _other_sales(company: SandboxCompany, names: list[str]) -> None:
    for number in range(5):
        body: Doc = {
            "CustomerRef": {"value": names[(number * 4 + 1) % len(names)]},
            "TxnDate": _day(company, 40 - number * 6),
            "Line": [sale_line(company, str(4 + number * 3), 2)],
            "PaymentMethodRef": {"value": "2"},
        }
        write(company, "SalesReceipt", body, "create")
    memo = {"CustomerRef": {"value": names[1]}, "Line": [sale_line(company, "10", 1)], "TxnDate": _day(company, 20)}
    write(company, "CreditMemo", memo, "create")
    refund = {
        "CustomerRef": {"value": names[14]},
        "Line": [sale_line(company, "18", 1)],
        "DepositToAccountRef": {"value": "35"},
        "TxnDate": _day(company, 12),
    }
    write(company, "RefundReceipt", refund, "create")
