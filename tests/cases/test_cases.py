"""Every handed case ends as its file says: as told, shuffled, and all at once. Skipped where the files are not."""

from __future__ import annotations

import pytest

from tests.cases.expected import LATER_KINDS, NOT_YET
from tests.cases.files import Case, cases
from tests.cases.judging import problems
from tests.cases.telling import company_of, tell, ways

ALL = cases()


def _parameter(case: Case) -> object:
    marks = []
    if case.kind.startswith(LATER_KINDS) or case.ident in NOT_YET:
        marks.append(pytest.mark.xfail(strict=case.ident in NOT_YET, reason=case.kind))
    return pytest.param(case, id=case.ident, marks=marks)


@pytest.mark.skipif(not ALL, reason="the field cases are not here")
@pytest.mark.parametrize("case", [_parameter(case) for case in ALL])
async def test_a_case_ends_as_its_file_says(case: Case) -> None:
    """Statuses, nets by kind of account, days, fields: in every order that the case allows."""
    wrong: dict[str, list[str]] = {}
    for batches in ways(case):
        async with company_of(case) as world:
            await tell(world, case, batches)
            found = problems(world, case, batches)
        if found:
            wrong[str(batches)] = found
    assert not wrong, "\n".join(f"{way}: {text}" for way, texts in wrong.items() for text in texts)


@pytest.mark.skipif(not ALL, reason="the field cases are not here")
def test_the_list_of_what_is_not_right_yet_names_cases_that_are_here() -> None:
    """A name that is gone would hide nothing and mislead."""
    assert {case.ident for case in ALL} >= NOT_YET
