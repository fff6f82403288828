"""Steps that must not go out, and what would only have been made for them. Pure."""

from __future__ import annotations

from dataclasses import replace

from bridge.planning.steps import PlannedStep, StepId
from contracts.entities import NAME_LISTS


def without_idle(steps: dict[StepId, PlannedStep]) -> dict[StepId, PlannedStep]:
    """The steps without the customers, items and accounts that only barred ones need."""
    idle = {need for step in steps.values() if step.barred is not None for need in step.needs}
    idle = {need for need in idle if need.entity in NAME_LISTS}
    for step in steps.values():
        if step.barred is None and step.id not in idle:
            idle -= step.needs
    kept = {step_id: step for step_id, step in steps.items() if step_id not in idle}
    return {step_id: replace(step, needs=step.needs - idle) for step_id, step in kept.items()}
