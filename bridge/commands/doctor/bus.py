"""Our topics and rights against what the service will do with them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bridge.commands.doctor.configs import examine_config
from bridge.commands.doctor.finding import Finding
from bridge.config.settings import CompanySettings, Settings
from bridge.kafka.inspection import Rights, TopicState

READ, WRITE = "READ", "WRITE"


def wanted_topics(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Every topic and what the service does with it."""
    topics = settings.topics
    wanted: dict[str, tuple[str, ...]] = dict.fromkeys(topics.events, (READ,))
    wanted |= {topics.results: (WRITE,), topics.dead_letters: (WRITE,)}
    wanted |= dict.fromkeys((topics.journal, topics.ids), (READ, WRITE))
    return wanted | ({settings.tokens.topic: (READ, WRITE)} if settings.tokens.store == "kafka" else {})


def examine_topics(settings: Settings, found: Iterable[TopicState]) -> Iterator[Finding]:
    """There, of the right kind, and ours to use."""
    wanted, there = wanted_topics(settings), list(found)
    for topic in there:
        problem = _problem(topic, wanted[topic.name], create=settings.topics.create)
        yield problem or next(examine_config(settings.topics, topic, there), None) or _fine(topic)


def examine_rights(company: str, name: str, rights: Rights, *, transactions: bool) -> Iterator[Finding]:
    """The group that the company consumes with, and its transactional id: both are called `name`."""
    about = f"{company}: group"
    refused = rights.group is not None and READ not in rights.group
    yield Finding(
        about, name + (" may not be read" if refused else ""), f"allow READ on group {name}" if refused else ""
    )
    if transactions:
        remedy = "" if rights.transactions else f"allow WRITE on transactional id {name}"
        said = name + ("" if rights.transactions else " may not be used")
        yield Finding(f"{company}: transactions", said, remedy)


def examine_routes(company: CompanySettings, *, is_only: bool) -> Finding:
    """What comes to this company; where it is the only one, bodies without headers still do."""
    routes = [*company.shop_domains, *company.stripe_accounts]
    if routes:
        return Finding("events", f"of {', '.join(routes)}")
    nobody = "no shop and no Stripe account is listed: "
    said = "only bodies that name no shop come here" if is_only else "no event comes here"
    return Finding("events", nobody + said, "list its shop_domains and stripe_accounts", rare=is_only)


def _fine(topic: TopicState) -> Finding:
    return Finding(f"topic {topic.name}", f"{topic.partitions} partitions")


def _problem(topic: TopicState, wanted: tuple[str, ...], *, create: bool) -> Finding | None:
    about = f"topic {topic.name}"
    if topic.refused is not None:
        return Finding(
            about, f"the broker refuses: {topic.refused}", f"allow DESCRIBE and {' and '.join(wanted)} on it"
        )
    if not topic.partitions:
        remedy = "" if create else "create it, or set topics.create = true"
        return Finding(about, "does not exist" + (", created at start" if create else ""), remedy)
    missing = [right for right in wanted if topic.rights is not None and right not in topic.rights]
    if missing:
        return Finding(about, f"may not: {', '.join(missing)}", f"allow {' and '.join(missing)} on it")
    return None
