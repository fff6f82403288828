"""The gates before a change lands let nothing through that they are for: each is shown a planted problem."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT

BIN = Path(sys.executable).parent


def run(*command: str) -> tuple[int, str]:
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "planted",
    [
        'KEY = "-----BEGIN EC ' + 'PRIVATE KEY-----"',
        'aws = "AKIA' + 'QYLPMN5HFIQR7XYA"',
        'token = "ghp_' + 'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"',
        'refresh = "' + "aB3dE5gH7jK9mN" + "1pQ3sT5vW7yZ9b" + "C1eF3hJ5kL7nP9" + '"',
    ],
    ids=["private key", "cloud key", "forge token", "entropy"],
)
def test_a_planted_secret_is_found(tmp_path: Path, planted: str) -> None:
    """Guard: `.ci/secrets`, as `make secrets` runs it over every tracked file."""
    (tmp_path / "settings.py").write_text(planted + "\n")
    code, said = run(".ci/secrets", str(tmp_path / "settings.py"))
    assert code == 1, said
    assert "settings.py" in said


def test_a_file_without_a_secret_passes(tmp_path: Path) -> None:
    """Ids of Stripe and hashes in words are none."""
    (tmp_path / "settings.py").write_text('CHARGE = "ch_3RqPm2Lk81XcQw0A1bZtYv77"\nPATH = "tokens.enc"\n')
    assert run(".ci/secrets", str(tmp_path / "settings.py")) == (0, "")


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("import subprocess\n\nsubprocess.run(INPUT, shell=True, check=True)\n", "S602"),
        ("eval(INPUT)\n", "S307"),
        ('import requests\n\nrequests.get("https://a", verify=False, timeout=1)\n', "S501"),
        ("import pickle\n\npickle.loads(INPUT)\n", "S301"),
        ('PASSWORD = "correct horse"\n', "S105"),
        ('QUERY = "select * from Invoice where Id = \'" + INPUT + "\'"\n', "S608"),
    ],
)
def test_planted_code_is_found(planted: str, rule: str) -> None:
    """The rules of bandit, as `make check` runs them. Guard: `S` in ruff's selection."""
    command = [str(BIN / "ruff"), "check", "--no-cache", "--stdin-filename", "bridge/planted.py", "-"]
    ended = subprocess.run(command, cwd=ROOT, input=planted, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert rule in ended.stdout


PACKAGE = {"name": "jinja2", "version": "2.4.1"}
REPORTS = {
    "finding": (1, {"dependencies": [{**PACKAGE, "vulns": [{"id": "PYSEC-2019-217"}]}]}),
    "clean": (0, {"dependencies": [{**PACKAGE, "vulns": []}]}),
    "reached nothing": (
        0,
        {"dependencies": [{**PACKAGE, "skip_reason": "not found on PyPI and could not be audited"}]},
    ),
    "failed": (1, None),
}


@pytest.mark.parametrize(
    ("report", "code", "words"),
    [
        ("finding", 1, "known vulnerabilities: jinja2 2.4.1: PYSEC-2019-217"),
        ("clean", 0, "no known vulnerabilities in 1 packages"),
        ("reached nothing", 3, "it could not be asked, which is no finding"),
        ("failed", 3, "could not be asked, which is no finding: ConnectionError"),
    ],
)
def test_an_outage_of_the_database_is_no_finding_and_no_clean_bill(
    tmp_path: Path, report: str, code: int, words: str
) -> None:
    """pip-audit's own exit code tells neither. Guard: `.ci/audit.py`."""
    own_code, body = REPORTS[report]
    fake = tmp_path / "pip-audit"
    text = shlex.quote(json.dumps(body)) if body else "''"
    fake.write_text(f"#!/bin/sh\nprintf '%s' {text}\necho 'ConnectionError: no route' >&2\nexit {own_code}\n")
    fake.chmod(0o755)
    assert_said(run(sys.executable, ".ci/audit.py", str(fake)), code, words)


def assert_said(ended: tuple[int, str], code: int, words: str) -> None:
    assert ended[0] == code, ended[1]
    assert words in ended[1]


def test_the_hooks_run_pieces_of_make_and_the_workflow_runs_all_of_it() -> None:
    """What a commit is stopped by is what `make` says, and the forge has no check of its own."""
    hooks = re.findall(r"entry: (\S+(?: \w+)?)", (ROOT / ".pre-commit-config.yaml").read_text())
    verbs = (ROOT / "Makefile").read_text().replace("$(BIN)", ".venv/bin")
    assert len(hooks) >= 4
    assert [hook for hook in hooks if hook not in verbs] == []
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    assert re.findall(r"run: (.+)", workflow) == [".ci/run"]
