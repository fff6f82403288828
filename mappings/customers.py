"""Who owes: one customer per person or company at the source, else the rules' walk-in customer.

By rule (`customers.policy`) all people of a shop or account are one customer, or all people are the walk-in customer.

A person is known by the source's id, else by the normalised e-mail address; a name alone never makes two buyers one,
unless the rules say so (`customers.match_names`). The walk-in customer is named by the rules, so its name is enough. A
company has no address of its own, lest the person who ordered for it is taken for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts.entities import ADDRESS_LINE_MAX, ADDRESS_PART_MAX, DISPLAY_NAME_MAX, POSTAL_CODE_MAX
from contracts.keys import SourceKey, escape
from contracts.lists import CHANNEL
from contracts.posting import Intent, PostingPlan, PostingStep
from contracts.quickbooks import Address, CustomerDraft
from mappings.names import cut, email_address, email_key, legal_name
from mappings.rules import MappingRules

COMPANY = "company"
"""The kind of a customer that buys as a company (B2B)."""
SHARED = "the rules make one customer of all people, so this one has none of its own (customers.policy)"
PERSON_NAME_MAX = 100
PHONE_MAX = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a source tells about a buyer."""

    id: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    full_name: str | None = None
    company: str | None = None
    company_id: str | None = None
    email: str | None = None
    phone: str | None = None
    billing: Address | None = None
    shipping: Address | None = None


def customer_step(system: str, person: Person, currency: str, rules: MappingRules) -> PostingStep:
    """The customer that `person` is in `currency`."""
    if rules.customers.policy != "person" and not person.company_id:
        return _shared(system, currency, rules)
    key = _key(system, person)
    if key is None:
        return _walk_in(currency, rules)
    draft = CustomerDraft(
        display_name=_display_name(system, person),
        currency=currency,
        given_name=legal_name(person.given_name, PERSON_NAME_MAX) or None,
        family_name=legal_name(person.family_name, PERSON_NAME_MAX) or None,
        company_name=cut(person.company, PERSON_NAME_MAX),
        email=None if person.company_id else email_address(person.email),
        phone=cut(person.phone, PHONE_MAX),
        billing=person.billing,
        shipping=person.shipping,
        found_by=("name",) if rules.customers.match_names else (),
    )
    return _step(key, draft)


def _shared(system: str, currency: str, rules: MappingRules) -> PostingStep:
    """The one customer of all people of the event's shop or account, or of all people."""
    if rules.customers.policy == "one" or system == "qbb":
        return _walk_in(currency, rules)
    channel = rules.channel or system
    named = channel if "." in channel else system.capitalize()
    account = "" if channel in {system, named} else f" {channel}"
    name = legal_name(named + account, DISPLAY_NAME_MAX)
    draft = CustomerDraft(display_name=name, currency=currency, found_by=("name",))
    return _step(SourceKey("qbb", CHANNEL, escape(f"{system}:{channel}")), draft)


def _walk_in(currency: str, rules: MappingRules) -> PostingStep:
    draft = CustomerDraft(display_name=rules.walk_in_customer, currency=currency, found_by=("name",))
    return _step(SourceKey("qbb", "customer", "walk-in"), draft)


def _key(system: str, person: Person) -> SourceKey | None:
    if person.company_id:
        return SourceKey(system, COMPANY, person.company_id)
    if person.id:
        return SourceKey(system, "customer", person.id)
    email = email_address(person.email)
    return SourceKey(system, "customer-email", email_key(email)) if email else None


def _display_name(system: str, person: Person) -> str:
    """A legal name; a company without one is not named after the person who ordered for it."""
    if person.company_id:
        return legal_name(person.company, DISPLAY_NAME_MAX) or f"{system.capitalize()} company {person.company_id}"
    both = " ".join(part for part in (person.given_name, person.family_name) if part)
    names = (both, person.full_name, person.company, email_address(person.email))
    legal = (legal_name(name, DISPLAY_NAME_MAX) for name in names)
    return next((name for name in legal if name), f"{system.capitalize()} customer {person.id}")


def _step(key: SourceKey, draft: CustomerDraft) -> PostingStep:
    return PostingStep(key=key, entity="Customer", intent=Intent.ENSURE, draft=draft, name="customer")


def is_only_a_shared_customer(plan: PostingPlan, rules: MappingRules) -> bool:
    """True for a plan that makes a person known whom the rules put together with all others."""
    shared = [step.entity == "Customer" and step.key.system == "qbb" for step in plan.steps]
    return rules.customers.policy != "person" and bool(shared) and all(shared)


def postal_address(
    *,
    line1: str | None,
    line2: str | None,
    city: str | None,
    region: str | None,
    postal_code: str | None,
    country: str | None,
) -> Address | None:
    """An address cut to QBO's lengths, None for an empty one."""
    found = Address(
        line1=cut(line1, ADDRESS_LINE_MAX),
        line2=cut(line2, ADDRESS_LINE_MAX),
        city=cut(city, ADDRESS_PART_MAX),
        region=cut(region, ADDRESS_PART_MAX),
        postal_code=cut(postal_code, POSTAL_CODE_MAX),
        country=cut(country, ADDRESS_PART_MAX),
    )
    return found if found != Address() else None
