"""What a person should know of a payout: other figures than before, money that a bank has already. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.planning.context import PlanningContext
from bridge.planning.draws import Drawn
from bridge.planning.refusals import OTHER_FIGURES
from bridge.planning.steps import Claim
from contracts.money import plain
from contracts.posting import Caution
from contracts.quickbooks import DepositDraft

IN_BANK = "lies_in_bank"
"""The warning of a payout of which a part, or all, was put into a bank account already."""
EXCHANGE_LEFT = "exchange_left"
"""The warning of a payout in a currency that is not the company's own."""
NAMED_MAX = 5
"""How many documents a warning names."""


def deposit_of(claim: Claim) -> DepositDraft:
    """The deposit that a claim of a payout asks for."""
    if not isinstance(claim.step.draft, DepositDraft):
        raise TypeError(f"{claim.step.key}: a payout needs a DepositDraft")
    return claim.step.draft


def has_rows(draft: DepositDraft) -> bool:
    """False for a payout that is told without what it is made of."""
    return bool(draft.payments or draft.lines or draft.part or draft.near_start)


def warn_of_other_figures(context: PlanningContext, claims: Sequence[Claim], figures: str | None) -> None:
    """Say that a payout is told with other figures than those of the books, None where nobody knows these.

    One that came back may be told without its rows; one part of several says nothing of the figures of the whole.
    """
    for claim in claims:
        draft = deposit_of(claim)
        is_whole = has_rows(draft) and draft.part is None and draft.returned is None
        if is_whole and figures not in (None, draft.figures):
            context.warn([claim.position], _otherwise(draft))


def _otherwise(draft: DepositDraft) -> Caution:
    now = plain(draft.total, draft.currency)
    return Caution(
        OTHER_FIGURES,
        f"The payout is booked as it was told first, and is told with other figures now (its amount is {now} "
        f"{draft.currency}): the books stay as they are, and a person looks which are right.",
    )


def lies_in_bank(found: Drawn) -> Caution:
    """What is said of a payout whose money is in the bank in part, or all of it: its deposit is not its amount."""
    code = found.draft.currency
    named = [str(each) for each in found.documents]
    more = f" and {len(named) - NAMED_MAX} more" if len(named) > NAMED_MAX else ""
    whose = f" ({', '.join(named[:NAMED_MAX])}{more})" if named else ""
    return Caution(
        IN_BANK,
        f"{plain(found.in_bank, code)} {code} of this payout lies in a bank account already{whose}, where a person or "
        f"a rule put it: nothing is drawn for it, and {plain(found.draft.total, code)} {code} is brought to the bank.",
    )


def leaves_exchange(draft: DepositDraft) -> Caution:
    """What is said of a payout in another currency: what it brings was booked at the rates of other days."""
    return Caution(
        EXCHANGE_LEFT,
        f"The payout is in {draft.currency}: it takes its money out of the clearing account at the rate of its own "
        "day, and each charge, refund and fee came there at the rate of another. The difference stays in that account "
        "until a person books it as an exchange gain or loss.",
    )
