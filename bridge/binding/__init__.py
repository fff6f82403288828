"""A planned step becomes the JSON body that QBO reads: every reference is an Id now. Pure."""

from bridge.binding.binder import Binder, expected

__all__ = ["Binder", "expected"]
