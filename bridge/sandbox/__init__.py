"""A QuickBooks Online that runs on a laptop: the accounting API, its ledger, its limits, its tokens and its faults."""

from bridge.sandbox.app import create_app
from bridge.sandbox.faults import FaultRule
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.server import run, serve, served
from bridge.sandbox.settings import SandboxLimits, SandboxSettings, Switches, Webhooks

__all__ = [
    "FaultRule",
    "Sandbox",
    "SandboxLimits",
    "SandboxSettings",
    "Switches",
    "Webhooks",
    "create_app",
    "run",
    "serve",
    "served",
]
