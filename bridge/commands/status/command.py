"""`qbo-bridge status`: company by company where it stands, how far behind it is, and what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import orjson

from bridge.commands.output import say, screen, zoned_text
from bridge.commands.status.facts import CompanyStatus, OpenLetters, share_of_reads
from bridge.commands.status.gathering import gather_status
from bridge.commands.status.unknown import Unknown
from bridge.commands.tables import Table
from bridge.config.settings import Settings
from bridge.journal.reads import FREE_READS


async def show_status(settings: Settings, *, company: str | None, url: str | None, as_json: bool) -> bool:
    """Print the status of one company or all; False where Kafka could not say how far one of them is."""
    companies = settings.companies if company is None else (settings.company(company),)
    found = await gather_status(settings, companies, url)
    out = screen()
    for each in found:
        if as_json:
            out.out(orjson.dumps(each.as_json()).decode())
            continue
        why = f": {each.phase.reason}" if each.phase.reason else ""
        say(f"{each.company}  {each.phase.phase}{why}")
        shown = Table(("fact", "said"), prose=("said",), headed=False)
        for label, text in _lines(each):
            shown.add_row(f"  {label}", text)
        shown.print()
    return not any(isinstance(each.backlog, Unknown) for each in found)


def _lines(status: CompanyStatus) -> Iterator[tuple[str, str]]:
    yield "behind", _behind(status)
    yield "last booked", _moment(status.last_booked, status.now, none="nothing that the results still tell of")
    yield "dead letters", _letters(status.letters)
    yield "waiting", _waiting(status)
    yield "backfills", _jobs(status)
    changes = status.changes
    known = _moment(changes.known_until, status.now, none="nothing is known yet")
    yield "people's changes", f"removed: {changes.removed}, changed: {changes.changed}; as of: {known}"
    yield "token", _token(status)
    yield "reads this month", _reads(status.reads)
    yield "limits", _limits(status)
    yield "version", f"{status.version}, service {status.service_version}"


def _behind(status: CompanyStatus) -> str:
    if isinstance(status.backlog, Unknown):
        return str(status.backlog)
    records = status.backlog.records
    if not records:
        return "0 records"
    oldest = _span(status.backlog.seconds(status.now.timestamp()))
    return f"{records:,} record{'s' * (records > 1)}, the oldest for {oldest}"


def _letters(letters: OpenLetters | Unknown) -> str:
    if isinstance(letters, Unknown):
        return str(letters)
    amounts = OpenLetters.as_json(letters)["amounts"]
    worth = [f"{text} {currency}" for currency, text in amounts.items()] if isinstance(amounts, dict) else []
    worth += [f"{letters.unknown_amounts} of unknown amount"] if letters.unknown_amounts else []
    return f"{letters.count} open" + (f", {', '.join(worth)}" if worth else "")


def _jobs(status: CompanyStatus) -> str:
    if isinstance(status.jobs, Unknown):
        return str(status.jobs)
    said = [f"job {job.id} {job.state.value}, {job.passed:,} of {job.offsets:,} offsets" for job in status.jobs]
    return "; ".join(said) or "none"


def _waiting(status: CompanyStatus) -> str:
    waiting = status.waiting
    if isinstance(waiting, Unknown):
        return str(waiting)
    return f"{waiting.count}, the oldest since {_moment(waiting.oldest, status.now)}" if waiting.count else "0"


def _token(status: CompanyStatus) -> str:
    until, days = status.token_until, status.token_days
    if isinstance(until, Unknown):
        return str(until)
    return f"{days} days left, until {zoned_text(until, seconds=False)}"


def _reads(reads: int | Unknown) -> str:
    share = share_of_reads(reads)
    if isinstance(reads, Unknown) or isinstance(share, Unknown):
        return str(reads)
    return f"{reads:,} of {FREE_READS:,} that are free ({share:.1%})"


def _limits(status: CompanyStatus) -> str:
    limits = status.limits
    if isinstance(limits, Unknown):
        return str(limits)
    pause = f", paused by QuickBooks for {limits['pause_s']} s" if limits.get("pause_s") else ""
    used = f"{limits['used']:.0%} used" if "used" in limits else "use unknown"
    return f"{used}; {limits.get('fraction', 0):.0%} of each may be, {limits.get('waiting_calls', 0)} calls wait{pause}"


def _moment(moment: datetime | Unknown | None, now: datetime, *, none: str = "") -> str:
    if moment is None or isinstance(moment, Unknown):
        return none if moment is None else str(moment)
    return f"{zoned_text(moment)} ({_span((now - moment).total_seconds())} ago)"


def _span(seconds: float) -> str:
    """A length of time in its two largest units."""
    whole = max(0, int(seconds))
    parts = [(whole // 86_400, "d"), (whole // 3_600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    first = next((index for index, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count) or "0 s"
