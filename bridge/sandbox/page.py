"""`GET /sandbox/`: one look inside, without script."""

import html

from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.stats import ledger_shown
from bridge.sandbox.wire import Doc

STYLE = """body{font:14px system-ui;margin:2rem;color:#222}table{border-collapse:collapse;margin:.5rem 0 1.5rem}
td,th{padding:.15rem .7rem;border-bottom:1px solid
#ddd;text-align:left}td.n{text-align:right;font-variant-numeric:tabular-nums}"""
LAST_SHOWN = 50


def render(sandbox: Sandbox) -> str:
    """The page for all realms."""
    parts = [_company(sandbox, realm) for realm in sandbox.realms]
    head = ["id", "kind", "entity", "operation", "count", "applied"]
    faults: list[list[object]] = [
        [rule.id, rule.kind, rule.entity or "any", rule.operation or "any", rule.count, rule.applied]
        for rule in sandbox.faults.rules
    ]
    rules = _table(head, faults) if faults else "<p>none</p>"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>QBO sandbox</title><style>{STYLE}</style>"
        f"<h1>QBO sandbox</h1>{''.join(parts)}<h2>Faults in force</h2>{rules}</html>"
    )


def _company(sandbox: Sandbox, realm: str) -> str:
    company, stats = sandbox.realms[realm].company, sandbox.realms[realm].stats.shown(sandbox.company(realm))
    ledger = ledger_shown(company)
    name = company.tables["CompanyInfo"]["1"]["CompanyName"]
    rows = [[row["name"], row["type"], f"{row['balance']:,.2f} {row['currency']}"] for row in ledger["trial_balance"]]
    head = ["time", "kind", "entity", "operation", "requestid", "outcome", "status"]
    requests = [[request[key] for key in head] for request in stats["last_requests"][:LAST_SHOWN]]
    balanced = "balanced" if ledger["balanced"] and ledger["receivable_agrees"] else "NOT BALANCED"
    return (
        f"<h2>{html.escape(name)} ({html.escape(realm)})</h2>{_pairs(stats['entities'])}{_pairs(stats['requests'])}"
        f"<h3>Trial balance: {balanced}</h3>{_table(['account', 'type', 'balance'], rows)}"
        f"<h3>Last requests</h3>"
        f"{_table(head, requests)}"
    )


def _pairs(document: Doc) -> str:
    return _table(list(document), [list(document.values())])


def _table(head: list[str], rows: list[list[object]]) -> str:
    titles = "".join(f"<th>{html.escape(title)}</th>" for title in head)
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    return f"<table><tr>{titles}</tr>{body}</table>"


def _cell(value: object) -> str:
    text = "" if value is None else html.escape(str(value))
    return f"<td{' class=n' if isinstance(value, int) else ''}>{text}</td>"
