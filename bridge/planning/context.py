"""What one micro-batch is planned on: steps by id, resolutions by plan, and the names that are given away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from bridge.index.company_profile import CompanyProfile
from bridge.index.index import Index, Posted
from bridge.index.known_customer import fingerprint, said_by
from bridge.index.money_names import MoneyNames
from bridge.index.name_list import email_of, legal_key
from bridge.index.payment_links import lost as lost_key
from bridge.matching.orders import SoughtOrder
from bridge.matching.there import NOTHING_THERE, AlreadyThere
from bridge.planning.standing import StandingPlans
from bridge.planning.steps import PlannedStep, StepId, StepResolution, Write
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.opening import OpeningAccounts
from contracts.posting import TAKEN_BACK_FOR_GOOD, Caution, ClosedPeriod, Intent, Operation, PostingPlan, Version
from contracts.quickbooks import (
    AccountDraft,
    CreditMemoDraft,
    CustomerDraft,
    DocumentDraft,
    Draft,
    InvoiceDraft,
    ItemDraft,
    JournalEntryDraft,
    PaymentDraft,
    RedemptionDraft,
    RefundReceiptDraft,
    accounts_made_for,
    references_of,
)


class PlanningContext:
    """Collects the writes of one micro-batch; every write is put down once, whoever needs it.

    Nothing outside assigns into it: what a phase decides is said by a method. `notes` are versions of documents
    that are known before anything is planned, `lost` the invoices whose debit failed before anything of it was booked.
    """

    def __init__(
        self,
        plans: tuple[PostingPlan, ...],
        index: Index,
        profile: CompanyProfile,
        closed: ClosedPeriod = "reject",
        opening: OpeningAccounts | None = None,
        *,
        notes: Mapping[SourceKey, Version] = MappingProxyType({}),
        lost: frozenset[SourceKey] = frozenset(),
        there: AlreadyThere = NOTHING_THERE,
    ) -> None:
        self.plans = plans
        self.positions = frozenset(range(len(plans)))
        self.index = index
        self.profile = profile
        self.closed: ClosedPeriod = closed
        self.opening = opening
        self.there = there
        self.adopted_by_id: list[PlannedStep] = []
        self.orders_coming: list[SoughtOrder] | None = None
        self.steps: dict[StepId, PlannedStep] = {}
        self.money_names = MoneyNames()
        self.resolutions: list[list[StepResolution]] = [[] for _ in plans]
        self.cautions: list[dict[Caution, None]] = [{} for _ in plans]
        self.versions: dict[SourceKey, Version] = dict(notes)
        self.noted: dict[SourceKey, frozenset[int]] = {}
        self.drafts: dict[SourceKey, Draft] = {}
        self.stale: dict[tuple[str, str], Posted] = {}
        self.unknown: set[str] = set()
        self.looking: frozenset[int] = frozenset()
        self.replanning: frozenset[int] = frozenset()
        self.lost = lost
        self._now: frozenset[int] = frozenset()
        self._customers: dict[tuple[str, str], StepId] = {}
        self._names: dict[str, set[str]] = {"Customer": set(), "Item": set()}
        # because the order of a micro-batch is chance, the newest body says what a customer or an item is called
        for plan in sorted(plans, key=_age, reverse=True):
            for step in plan.steps:
                if step.intent is Intent.ENSURE and step.draft is not None:
                    self.offer_draft(step.key, step.draft)

    def take_up(self, standing: StandingPlans) -> None:
        """Plan only what is not planned yet: for the other plans stands what was planned before."""
        self.positions = standing.planned
        self.adopted_by_id = list(standing.adopted_by_id)
        self.steps = dict(standing.steps)
        self.resolutions = [list(each) for each in standing.resolutions]
        self.cautions = [dict.fromkeys(each) for each in standing.cautions]
        self.versions |= standing.versions
        self.noted = dict(standing.noted)
        self.replanning = standing.replanning
        # because what stands refers to entities that only the planning of before has named
        for key, draft in standing.drafts.items():
            self.offer_draft(key, draft)
        for step in (*standing.steps.values(), *standing.adopted_by_id):
            self._give_name_of(step)
            self._name_money_of(step)

    @contextlib.contextmanager
    def planning(self, positions: Iterable[int]) -> Iterator[None]:
        """While it lasts, what is asked for or noted is asked for or noted by the plans at these positions."""
        before, self._now = self._now, frozenset(positions)
        try:
            yield
        finally:
            self._now = before

    @property
    def cause(self) -> int:
        """The first of the plans that are being planned: what no claim of theirs asks for is credited to it."""
        return min(self._now)

    def resolve(self, positions: Iterable[int], resolution: StepResolution) -> None:
        """Give each of these plans this resolution."""
        for position in positions:
            self.resolutions[position].append(resolution)

    def warn(self, positions: Iterable[int], caution: Caution) -> None:
        """Say with the results of these plans what a person should know of it; each thing once."""
        for position in positions:
            self.cautions[position][caution] = None

    def offer_draft(self, key: SourceKey, draft: Draft) -> None:
        """Say what to make a name-list entity of, should it be needed; what was said before stays."""
        self.drafts.setdefault(key, draft)

    def ask_again(self) -> None:
        """Have these plans planned once more after their waves: what QBO does with them decides the rest."""
        self.replanning |= self._now

    def foreign(self, currency: str) -> UnmappableEvent:
        """What a document in a currency that the company cannot hold is refused with."""
        return UnmappableEvent(
            f"the document is in {currency}, the company keeps its books in {self.profile.home_currency} and "
            "multicurrency is off in QuickBooks"
        )

    def note_version(self, document: SourceKey, version: Version) -> None:
        """Note that the books are as `version` of `document` says without a write, when that is news."""
        known = self.index.newest(document)
        if known is None or known < version:
            self.versions[document] = version
            self.noted[document] = self.noted.get(document, frozenset()) | self._now

    def is_taken_back(self, key: SourceKey) -> bool:
        """True for what its source took back for good, now or before."""
        names = (key, lost_key(key))
        return any(TAKEN_BACK_FOR_GOOD in (self.versions.get(name), self.index.newest(name)) for name in names)

    def require_reread(self, posted: Posted) -> None:
        """Ask for `posted` to be read before anything is written: what QBO did with it unseen matters now."""
        self.stale[posted.entity, posted.id] = posted
        self.looking |= self._now

    def foreign_payments_on(self, posted: Posted) -> list[Posted]:
        """The payments of others that are linked to a document; those that nobody has read are asked for."""
        found = {
            ident: self.index.others.get(ident) for ident in posted.linked_to if not self.index.knows("Payment", ident)
        }
        unread = {ident for ident, payment in found.items() if payment is None}
        self.unknown |= unread
        self.looking |= self._now if unread else frozenset()
        return [payment for payment in found.values() if payment is not None]

    def write(self, step: PlannedStep) -> StepId:
        """Put down a write together with everything that it refers to and that is not in the books yet."""
        step = self._with_free_number(step)
        needs = set(step.needs)
        if step.draft is not None:
            needs |= self._references(step.id, step.draft, step.owner)
        if step.sale is not None and (form := self._sale_step(step.sale)) is not None:
            needs.add(form)
        for card in step.redemptions:
            if isinstance(card.line, RedemptionDraft):
                needs |= self._references(step.id, card.line, step.owner) - {step.id}
        if step.target is not None and not step.target.is_current:
            self.require_reread(step.target)
        self._know_place(step)
        self._name_money_of(step)
        self.steps[step.id] = replace(step, needs=frozenset(needs))
        return step.id

    def _name_money_of(self, step: PlannedStep) -> None:
        """Know whose the money is that a step brings into the books."""
        if step.operation not in (Operation.VOID, Operation.DELETE):
            self.money_names.add(step.id.entity, step.id.key, step.marker_fields)

    def _know_place(self, step: PlannedStep) -> None:
        """Ask for the sale of a refund or credit, whose place the index does not keep of every sale."""
        match step.draft:
            case (
                RefundReceiptDraft(refund_of=key)
                | CreditMemoDraft(credit_of=key)
                | JournalEntryDraft(place_of=SourceKey() as key)
            ):
                sale = self.index.sale(key)
                if sale is not None and sale.place is None and self._sale_step(key) is None:
                    self.require_reread(sale)

    def write_before(self, step: PlannedStep, later: StepId) -> StepId:
        """Put down a change of something in the books that must have happened before the write `later` goes out."""
        if step.target is not None and not step.target.is_current:
            self.require_reread(step.target)
        self._name_money_of(step)
        self.steps[step.id] = step
        self.add_need(later, step.id)
        return step.id

    def add_need(self, later: StepId, need: StepId) -> None:
        """Have the write `later` go out after the write `need`; nothing where `later` is not written."""
        if later in self.steps:
            self.steps[later] = replace(self.steps[later], needs=self.steps[later].needs | {need})

    def rests_on(self, one: StepId, other: StepId) -> bool:
        """True where the write `one` goes out after the write `other`."""
        found, open_ends = set[StepId](), [one]
        while open_ends:
            step = self.steps.get(open_ends.pop())
            more = step.needs - found if step is not None else frozenset()
            found |= more
            open_ends += more
        return other in found

    def note_orders(self, orders: list[SoughtOrder]) -> None:
        """Keep the orders of this micro-batch as matching knows them, so that they are worked out once."""
        self.orders_coming = orders

    def adopt(self, step: PlannedStep, *, by_id: bool) -> None:
        """Take a document that a person made for ours; what it leads to is planned once that is done."""
        self.ask_again()
        if by_id:
            self._name_money_of(step)
            self.adopted_by_id.append(step)
        else:
            self.write(step)

    def plan_write(self, step: PlannedStep, positions: Iterable[int]) -> None:
        """Put down a write and give it to these plans; the first of them is credited."""
        ordered = sorted(positions)
        self.write(replace(step, owner=ordered[0]))
        for position in ordered:
            self.resolutions[position].append(Write(step.id, credited=position == ordered[0]))

    def customer_id(self, key: SourceKey, currency: str) -> str | None:
        """The Id of a customer that the books have already, None for one that must be created."""
        draft = self.drafts.get(key)
        return self.index.customer_id(key, draft if isinstance(draft, CustomerDraft) else None, currency)

    def ensure(self, key: SourceKey, owner: int, *, currency: str = "") -> StepId | None:
        """The write that brings a name-list entity into the books, None when it is there already."""
        draft = self.drafts.get(key)
        match draft:
            case CustomerDraft():
                return self._ensure_customer(key, draft, currency or draft.currency, owner)
            case ItemDraft():
                return self._ensure_item(key, draft, owner)
            case AccountDraft():
                return self._ensure_account(key, draft, owner)
        return None

    def _give_name_of(self, step: PlannedStep) -> None:
        """Know the name that a step which stands has given away, and whose it is."""
        match step.draft:
            case CustomerDraft() as draft if step.operation is Operation.CREATE:
                self._names["Customer"].add(legal_key(draft.display_name))
                email = email_of(draft.email or draft.known_email)
                if email is not None:
                    self._customers.setdefault((email, step.id.part), step.id)
            case ItemDraft(name=name) if step.operation is Operation.CREATE:
                self._names["Item"].add(legal_key(name))

    def _with_free_number(self, step: PlannedStep) -> PlannedStep:
        """The step under the number that the books have for it, else under one that QBO has not refused."""
        draft, posted = step.draft, step.target
        if not isinstance(draft, DocumentDraft) or draft.number is None:
            return step
        if posted is not None:
            # Because a person may have given it another number, and what a person did stays.
            return replace(step, draft=draft.with_number(posted.doc_number or draft.number))
        if not self.index.is_number_taken(step.id.entity, draft.number):
            return step
        return replace(step, draft=draft.with_number(draft.second_number(step.id.key) or draft.number))

    def _references(self, step_id: StepId, draft: Draft, owner: int) -> set[StepId]:
        currency = draft.currency if isinstance(draft, DocumentDraft) else ""
        needed = set()
        for key in references_of(draft):
            if self._has_owner(step_id, draft, key):
                continue
            found = self._sale_step(key) or self.ensure(key, owner, currency=currency)
            if found is not None:
                needed.add(found)
        for made in accounts_made_for(draft):
            found = self._ensure_account(SourceKey("qbb", "account", made.name), made, owner)
            if found is not None:
                needed.add(found)
        return needed

    def is_being_booked(self, sale: SourceKey) -> bool:
        """True for a sale whose form this micro-batch writes."""
        return self._sale_step(sale) is not None

    def _sale_step(self, key: SourceKey) -> StepId | None:
        """The write of the sale `key` in this micro-batch."""
        forms: tuple[StepId, ...] = (StepId("Invoice", key), StepId("SalesReceipt", key))
        return next((step_id for step_id in forms if step_id in self.steps), None)

    def _has_owner(self, step_id: StepId, draft: Draft, key: SourceKey) -> bool:
        """True for the customer of a document that goes to the one whom the books show: nobody new is needed."""
        match draft:
            case InvoiceDraft(customer=customer) if customer == key:
                return self.index.keeps_customer(self.index.sale(step_id.key), draft)
            case PaymentDraft(customer=customer, invoice=sale) if customer == key:
                posted = self.index.get("Invoice", sale)
            case RefundReceiptDraft(customer=customer, refund_of=sale) if customer == key:
                posted = self.index.sale(sale)
                if posted is not None and self.index.customers.is_dropped(posted.customer_id or ""):
                    return False
            case CreditMemoDraft(customer=customer, credit_of=sale) if customer == key:
                posted = self.index.sale(sale)
            case _:
                return False
        return posted is not None and posted.customer_id is not None

    def _ensure_customer(self, key: SourceKey, draft: CustomerDraft, currency: str, owner: int) -> StepId | None:
        if self.index.customer_id(key, draft, currency) is not None:
            return None
        step_id = StepId("Customer", key, currency)
        if step_id in self.steps:
            return step_id
        email = email_of(draft.email or draft.known_email)
        if email is not None and (email, currency) in self._customers:
            return self._customers[email, currency]
        draft = replace(draft, currency=currency)
        taken = self._names["Customer"]
        name = self.index.customers.free_customer_name(key, draft, home=self.profile.home_currency, also=taken)
        taken.add(legal_key(name))
        if email is not None:
            self._customers[email, currency] = step_id
        named = replace(draft, display_name=name)
        written: dict[str, str] = {MarkerField.WRITTEN: fingerprint(said_by(named))}
        step = PlannedStep(id=step_id, operation=Operation.CREATE, owner=owner, draft=named, marker_fields=written)
        return self.write(step)

    def _ensure_item(self, key: SourceKey, draft: ItemDraft, owner: int) -> StepId | None:
        if self.index.item_id(key, draft) is not None:
            return None
        step_id = StepId("Item", key)
        if step_id in self.steps:
            return step_id
        taken = self._names["Item"]
        name = self.index.items.free_item_name(key, draft, also=taken)
        taken.add(legal_key(name))
        named = replace(draft, name=name)
        return self.write(PlannedStep(id=step_id, operation=Operation.CREATE, owner=owner, draft=named))

    def _ensure_account(self, key: SourceKey, draft: AccountDraft, owner: int) -> StepId | None:
        if self.profile.account_named(draft.name) is not None:
            return None
        step_id = StepId("Account", key)
        if step_id in self.steps:
            return step_id
        return self.write(PlannedStep(id=step_id, operation=Operation.CREATE, owner=owner, draft=draft))


def _age(plan: PostingPlan) -> tuple[int, int]:
    """How new the body of a plan is; what carries no version is older than all that does."""
    versions = [plan.version, *(step.version for step in plan.steps)]
    return max(((each.updated_at, each.rank) for each in versions if each is not None), default=(0, 0))
