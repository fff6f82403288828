"""`qbo-bridge adopt`: a person's word on an order that may be in the books already.

The decision is an entry in the company's journal; its owner reads it within seconds, on whatever machine it runs, and
the events of the order go on by themselves. The last decision counts until it is carried out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bridge.commands.output import answer
from bridge.commands.reading import company_journal
from bridge.config.settings import Settings
from bridge.journal.doubts import DoubtfulEvent, decision_key, decision_value, read_doubts
from bridge.kafka.reader import publish
from bridge.service.settings import kafka_connection
from contracts.errors import BridgeError
from contracts.keys import SourceKey
from contracts.matching import Decision

SALES = {"invoice": "Invoice", "salesreceipt": "SalesReceipt"}


def decision_of(target: str | None, *, none: bool) -> Decision:
    """What `ENTITY/ID` or `--none` says. BridgeError for anything else."""
    if none == (target is not None):
        raise BridgeError("Say which document it is, such as invoice/145, or --none where none of them is the order.")
    if target is None:
        return Decision()
    entity, _, ident = target.partition("/")
    if entity.lower() not in SALES or not (ident.isascii() and ident.isdigit()):
        raise BridgeError(f"{target} is no sale of the books: expected invoice/<Id> or salesreceipt/<Id>.")
    return Decision(SALES[entity.lower()], ident)


async def adopt(
    settings: Settings, document: str, decision: Decision, *, company: str | None, as_json: bool = False
) -> None:
    """Keep the decision on the order `document`, and say so. BridgeError where nobody knows which order it is."""
    names = [settings.company(company).name] if company else [each.name for each in settings.companies]
    doubts: dict[str, list[DoubtfulEvent]] = {}
    for name in names:
        doubts[name] = list(read_doubts(await company_journal(settings, name).read()))
    name, order = the_order(document, doubts)
    journal = company_journal(settings, name)
    await journal.read()
    record = journal.journal_record(decision_key(order), decision_value(decision))
    await publish(kafka_connection(settings.kafka), [record])
    said = f"{decision.entity}/{decision.id}".lower() if decision.place else "none of the documents"
    waiting = len([event for event in doubts[name] if event.order == order])
    rest = f"its {waiting} events go on" if waiting else "no event of it waits for that: it counts when one comes"
    place = said if decision.place else None
    facts = {"company": name, "document": str(order), "adopted": place, "events_waiting": waiting}
    answer(facts, f"{name}: {order} is {said}; {rest}.", as_json=as_json)


def the_order(document: str, doubts: Mapping[str, Iterable[DoubtfulEvent]]) -> tuple[str, SourceKey]:
    """The company and the order that `document` means: a source key, or the name of an order in doubt.

    BridgeError where none or more than one has that name, with the source keys to choose from.
    """
    wanted = document.strip().removeprefix("#").casefold()
    found = {
        (company, event.order)
        for company, events in doubts.items()
        for event in events
        if str(event.order) == document or (event.named or "").casefold() == wanted
    }
    if len(found) > 1:
        raise BridgeError(f"{document} is more than one order: {', '.join(sorted(str(key) for _, key in found))}.")
    if found:
        return found.pop()
    if document.count(":") >= 2 and len(doubts) == 1:
        return next(iter(doubts)), SourceKey.parse(document)
    raise BridgeError(f"No order in doubt is called {document}; `qbo-bridge dead-letters list` names those that are.")
