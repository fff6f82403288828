"""Quiet logs here too."""

from tests.machine.conftest import quiet

__all__ = ["quiet"]
