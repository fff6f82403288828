"""Known vulnerabilities of what uv.lock pins: exit 0 none, 1 found, 3 when the database could not be asked.

pip-audit says "no known vulnerabilities" also where it reached nothing, and fails alike for a finding and for an
outage; so its report is read here, and what was not looked at is no clean bill.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CLEAN, FOUND, NOT_ASKED = 0, 1, 3
PIP_AUDIT = (str(Path(sys.executable).with_name("pip-audit")), "--skip-editable", "--progress-spinner", "off")


def main(command: list[str]) -> int:
    """Run pip-audit (or *command* in its place) and judge its JSON report."""
    ran = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    try:
        packages = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (ran.stderr.strip().splitlines() or ["no word from pip-audit"])[-1]
        return say(NOT_ASKED, f"the vulnerability database could not be asked, which is no finding: {last}")
    found = [f"{each['name']} {each['version']}: {bug['id']}" for each in packages for bug in each.get("vulns", ())]
    if found:
        return say(FOUND, f"known vulnerabilities: {'; '.join(found)}")
    skipped = [each["name"] for each in packages if "not be audited" in each.get("skip_reason", "")]
    if skipped:
        few = ", ".join(skipped[:3])
        return say(
            NOT_ASKED,
            f"the vulnerability database knew nothing of {len(skipped)} packages ({few}, ...): "
            "it could not be asked, which is no finding",
        )
    return say(CLEAN, f"no known vulnerabilities in {len(packages)} packages")


def say(code: int, sentence: str) -> int:
    """Print and return."""
    sys.stdout.write(f"audit: {sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(PIP_AUDIT)))
