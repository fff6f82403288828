"""A company that is to be connected: its configuration, the command as a process, and a person at the browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bridge.sandbox.settings import DEFAULT_REALM
from tests.support.installation import KEY as TOKENS_KEY

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = re.compile(r"http://\S+/connect/oauth2\?\S+")
CONFIG = """
[tokens]
path = "tokens.enc"
[[companies]]
name = "acme-us"
realm_id = "{realm}"
environment = "sandbox"
api_base_url = "{url}"
token_url = "{url}/oauth2/v1/tokens/bearer"
client_id = "{client_id}"
"""
SECRETS = {"QBO_BRIDGE_TOKENS__KEY": TOKENS_KEY, "QBO_BRIDGE_COMPANIES__ACME_US__CLIENT_SECRET": "sandbox-secret"}


def write_config(folder: Path, url: str, *, realm: str = DEFAULT_REALM, client_id: str = "sandbox-client") -> Path:
    path = folder / "bridge.toml"
    path.write_text(CONFIG.format(realm=realm, url=url, client_id=client_id))
    return path


@dataclass
class Connecting:
    """`qbo-bridge connect acme-us` that waits for its answer."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def address(self) -> str:
        """What it asks the person to open."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            found = ADDRESS.search(line)
            if found:
                return found[0]
        raise AssertionError(f"no address: {''.join(self.said)} {self.ended()[2]}")

    def ended(self) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, "".join(self.said) + out, err


@contextmanager
def connecting(
    config: Path, *options: str, company: str = "acme-us", environ: dict[str, str] | None = None
) -> Iterator[Connecting]:
    command = [sys.executable, "-m", "bridge.cli.app", "connect", company, "--config", str(config)]
    shown = ["--no-browser", "--port", "0", "--timeout", "30", *options]
    process = subprocess.Popen(
        [*command, *shown],
        cwd=ROOT,
        env=os.environ | (SECRETS if environ is None else environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Connecting(process)
        finally:
            process.kill()


def decide(address: str, decision: str = "allow", **changes: str) -> httpx.Response:
    """Press a button of the consent page, and follow it back to the command."""
    with httpx.Client(follow_redirects=True, trust_env=False) as person:
        return person.get(httpx.URL(address).copy_merge_params({"decision": decision, **changes}))
