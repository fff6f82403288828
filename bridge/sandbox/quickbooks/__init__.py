"""A QuickBooks Online that runs on a laptop: the accounting API, its ledger, its limits, its tokens and its faults."""

from bridge.sandbox.quickbooks.app import create_app
from bridge.sandbox.quickbooks.faults import FaultRule
from bridge.sandbox.quickbooks.sandbox import Sandbox
from bridge.sandbox.quickbooks.server import run, serve, served
from bridge.sandbox.quickbooks.settings import Limits, SandboxSettings, Switches, Webhooks

__all__ = [
    "FaultRule",
    "Limits",
    "Sandbox",
    "SandboxSettings",
    "Switches",
    "Webhooks",
    "create_app",
    "run",
    "serve",
    "served",
]
