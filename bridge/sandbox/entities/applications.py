"""Money applied: which payment covers how much of which invoice, and credit memos used up.

A payment's lines are the truth; `LinkedTxn` and balances on the other side are derived, each change bumping the
SyncToken.
"""

from decimal import Decimal

from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.credits import keep_waiting
from bridge.sandbox.wire import ZERO, Doc, money

Target = tuple[str, str]


def applied(payment: Doc | None) -> dict[Target, Decimal]:
    """What a payment's lines apply, by (type, id)."""
    found: dict[Target, Decimal] = {}
    for line in (payment or {}).get("Line", ()):
        for link in line["LinkedTxn"]:
            target = (link["TxnType"], link["TxnId"])
            found[target] = found.get(target, ZERO) + line["Amount"]
    return found


def move_links(company: SandboxCompany, payment_id: str, old: Doc | None, new: Doc | None) -> None:
    """Bring balances and links of the targets from one version of a payment to the next."""
    before, after = applied(old), applied(new)
    for target in {**before, **after}:
        delta = after.get(target, ZERO) - before.get(target, ZERO)
        if delta or (target in before) != (target in after):
            _apply(company, target, payment_id, delta, linked=target in after)


def _apply(company: SandboxCompany, target: Target, payment_id: str, delta: Decimal, *, linked: bool) -> None:
    entity, entity_id = target
    doc = company.tables[entity][entity_id]
    link = {"TxnId": payment_id, "TxnType": "Payment"}
    others = [existing for existing in doc["LinkedTxn"] if existing != link]
    balance = doc["Balance"] - delta
    changes = {
        "Balance": balance,
        "LinkedTxn": [*others, link] if linked else others,
        **home_balance(company, doc, balance),
    }
    if entity == "CreditMemo":
        changes["RemainingCredit"] = balance
    company.touch(entity, entity_id, changes)
    if entity == "CreditMemo" and delta < 0:
        keep_waiting(company, doc["CustomerRef"]["value"], entity_id)


def home_balance(company: SandboxCompany, doc: Doc, balance: Decimal) -> Doc:
    """HomeBalance, where the company knows currencies."""
    return {"HomeBalance": money(balance * doc.get("ExchangeRate", Decimal(1)))} if company.multicurrency else {}


def payments_of(company: SandboxCompany, doc: Doc) -> list[Doc]:
    """The payments that are linked to an invoice or credit memo."""
    return [company.tables["Payment"][link["TxnId"]] for link in doc["LinkedTxn"] if link["TxnType"] == "Payment"]


def without(lines: list[Doc], target: Target, cut: Decimal) -> list[Doc]:
    """A payment's lines with less (or nothing) applied to a target."""
    kept = []
    for line in lines:
        link = line["LinkedTxn"][0]
        if (link["TxnType"], link["TxnId"]) != target:
            kept.append(line)
            continue
        taken = min(cut, line["Amount"])
        cut -= taken
        if line["Amount"] - taken:
            kept.append({**line, "Amount": line["Amount"] - taken})
    return kept
