"""Whether the company's service runs, and how far behind it is, as `status` tells it."""

from __future__ import annotations

from bridge.commands.doctor.finding import Finding
from bridge.commands.status.facts import CompanyStatus
from bridge.commands.status.gathering import company_status
from bridge.commands.status.phase import NONE
from bridge.commands.status.service import address_of, ask_service
from bridge.commands.status.unknown import Unknown
from bridge.config.settings import CompanySettings, Settings
from contracts.lifecycle import Phase

BEHIND_S = 600.0
"""A service that runs has consumed what is older."""
BY_CHOICE = frozenset({NONE, str(Phase.PAUSED)})
"""Not started yet, or paused by a person: worth a note, and nothing that would fail."""
_NOT_ASKED = Unknown("not asked")


async def examine_service(settings: Settings, company: CompanySettings) -> Finding:
    """What the company's process, its group and its journal say."""
    service = await ask_service(address_of(settings))
    return service_finding(await company_status(settings, company, _NOT_ASKED, _NOT_ASKED, service))


def service_finding(status: CompanyStatus) -> Finding:
    """A problem where a person has to do something before anything more is booked. Pure."""
    phase, backlog = status.phase, status.backlog
    said, late = phase.phase + (f": {phase.reason}" if phase.reason else ""), False
    if not isinstance(backlog, Unknown):
        said += f"; {backlog.records:,} records behind"
        late = backlog.seconds(status.now.timestamp()) > BEHIND_S
    remedy = _remedy(phase.phase, status.company)
    if not remedy and late:
        is_started = phase.phase != NONE
        remedy = "see /status and its log for why it does not get on" if is_started else "start it: qbo-bridge run"
    return Finding("service", said, remedy, rare=phase.phase in BY_CHOICE)


def _remedy(phase: str, company: str) -> str:
    if phase == Phase.STOPPED:
        return f"mend why it stopped, then: qbo-bridge resume --company {company}"
    if phase == Phase.NEEDS_RECONNECT:
        return f"qbo-bridge connect {company}"
    return f"qbo-bridge resume --company {company}" if phase == Phase.PAUSED else ""
