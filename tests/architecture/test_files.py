"""What no tracked file may hold: paths of somebody's machine, registry hosts, secrets."""

from __future__ import annotations

import re
import subprocess
from functools import cache

import pytest

from tests.architecture.imports import ROOT

LOCKED = {"uv.lock"}

FORBIDDEN: dict[str, re.Pattern[str]] = {
    "a path of somebody's machine": re.compile(r"(?<![\w./~}])/(?:work|root|home|Users)/\w|[A-Z]:\\\\?Users"),
    "a registry's host": re.compile(
        r"pypi\.org|pythonhosted\.org|registry\.npmjs|repo1?\.maven\.(?:org|apache)|(?:quay|ghcr)\.io|docker\.io"
    ),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
    "a live key of Stripe": re.compile(r"\b(?:sk|rk)_live_[0-9A-Za-z]{16,}|\bwhsec_[0-9A-Za-z]{24,}"),
    "a token of Shopify": re.compile(r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b"),
    "a refresh token of Intuit": re.compile(r"\bRT1-\d+-[0-9A-Za-z-]{20,}|\bAB11\d{14,}[0-9A-Za-z]{20,}"),
    "a key of a cloud or forge": re.compile(
        r"\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[0-9A-Za-z]{36}\b|\bAIza[0-9A-Za-z_-]{35}\b"
    ),
}


@cache
def tracked() -> dict[str, str]:
    """The text of each tracked file."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    return {name: (ROOT / name).read_text(encoding="utf-8", errors="replace") for name in names}


def findings(name: str, text: str) -> list[str]:
    """What is forbidden in one file, with the line."""
    return [
        f"{name}:{len(text[: found.end()].splitlines())}: {what}"
        for what, pattern in FORBIDDEN.items()
        for found in pattern.finditer(text)
        if not (name in LOCKED and what == "a registry's host")
    ]


def test_no_tracked_file_holds_what_is_not_for_everybody() -> None:
    """Machine paths break elsewhere, hosts belong into the user's own settings, secrets nowhere."""
    this = "tests/architecture/test_files.py"
    assert [found for name, text in tracked().items() if name != this for found in findings(name, text)] == []


@pytest.mark.parametrize(
    "line",
    [
        'DATA = "/home/ada/data"',
        "see /work/notes.txt",
        "index = https://pypi.org/simple",
        "-----BEGIN RSA PRIVATE KEY-----",  # pragma: allowlist secret
        "sk_live_" + "a1" * 12,
        "shpat_" + "0f" * 16,
        "AKIA" + "A" * 16,
    ],
)
def test_each_of_them_is_found(line: str) -> None:
    """The patterns see what they are for."""
    assert findings("file.py", line)


@pytest.mark.parametrize("line", ["/oauth2/v1/tokens/bearer", "~/work/x", "https://shop.example/home/page", "sk_live_"])
def test_what_only_looks_like_it_is_left_alone(line: str) -> None:
    """Addresses and prefixes are no findings."""
    assert findings("file.py", line) == []
