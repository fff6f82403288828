"""What happened here: counts of requests by kind, and the last of them with their requestid and outcome."""

from collections import Counter, deque
from dataclasses import dataclass, field
from decimal import Decimal

from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.wire import ZERO, Doc

LAST_MAX = 500


@dataclass(slots=True)
class Stats:
    """Counts of one realm. `metered` are the successful reads that Intuit would charge for (CorePlus)."""

    requests: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    last: deque[Doc] = field(default_factory=lambda: deque(maxlen=LAST_MAX))
    metered: int = 0

    def record(self, kind: str, outcome: str, status: int, request: Doc) -> None:
        """Count one answered (or dropped) request."""
        self.requests["total"] += 1
        self.requests[kind] += 1
        self.outcomes[outcome] += 1
        self.statuses[status] += 1
        if kind in ("read", "query", "cdc") and outcome == "answered":
            self.metered += 1
        self.last.append(request)

    def shown(self, company: SandboxCompany) -> Doc:
        """The counts as JSON."""
        requests = self.requests
        return {
            "realm": company.realm,
            "requests": {
                "total": requests["total"],
                "reads": requests["read"],
                "queries": requests["query"],
                "cdc": requests["cdc"],
                "writes": requests["write"],
                "batches": requests["batch"],
                "batch_items": requests["batch_item"],
                "other": requests["other"],
                "throttled": self.outcomes["throttled"],
                "replayed": self.outcomes["replayed"],
                "metered_reads": self.metered,
            },
            "outcomes": dict(self.outcomes),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "entities": {name: len(table) for name, table in company.tables.items() if table},
            "deleted": {name: len(table) for name, table in company.deleted.items() if table},
            "last_requests": list(self.last)[::-1],
        }


def ledger_shown(company: SandboxCompany) -> Doc:
    """Trial balance and receivables; `balanced` and `receivable_agrees` are the two invariants."""
    ledger = company.ledger
    rows = []
    for account_id, home in ledger.home.items():
        if home or ledger.foreign.get(account_id):
            account = company.tables["Account"][account_id]
            rows.append(
                {
                    "id": account_id,
                    "name": account["FullyQualifiedName"],
                    "type": account["AccountType"],
                    "currency": account["CurrencyRef"]["value"],
                    "balance": ledger.balance(account_id),
                    "home_balance": home,
                }
            )
    debits = sum((row["home_balance"] for row in rows if row["home_balance"] > 0), ZERO)
    credited = -sum((row["home_balance"] for row in rows if row["home_balance"] < 0), ZERO)
    receivable = receivables(company)
    return {
        "realm": company.realm,
        "trial_balance": rows,
        "total_debits": debits,
        "total_credits": credited,
        "balanced": debits == credited,
        "accounts_receivable": receivable,
        "receivable_agrees": all(part["ledger"] == part["open"] for part in receivable.values()),
    }


def receivables(company: SandboxCompany) -> dict[str, Doc]:
    """By currency: what the A/R account holds, and open balances less unapplied credits (and journals)."""
    found: dict[str, Doc] = {}
    for (subtype, code), account_id in company.roles.items():
        if subtype == "AccountsReceivable":
            found[code] = {"ledger": company.ledger.balance(account_id), "open": _journals(company, account_id)}
    parts = (("Invoice", "Balance", 1), ("CreditMemo", "Balance", -1), ("Payment", "UnappliedAmt", -1))
    for entity, name, sign in parts:
        for doc in company.tables[entity].values():
            found[doc["CurrencyRef"]["value"]]["open"] += sign * doc[name]
    return found


def _journals(company: SandboxCompany, account_id: str) -> Decimal:
    sums = ZERO
    for (entity, _), postings in company.ledger.postings.items():
        if entity in ("JournalEntry", "Deposit"):
            sums += sum((posting.foreign for posting in postings if posting.account_id == account_id), ZERO)
    return sums
