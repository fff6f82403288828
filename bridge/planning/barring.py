"""Steps that must not go out, and what would only have been made for them. Pure."""

from __future__ import annotations

from dataclasses import replace

from bridge.planning.steps import PlannedStep, StepId
from contracts.entities import NAME_LISTS


def without_idle(steps: dict[StepId, PlannedStep]) -> dict[StepId, PlannedStep]:
    """The steps without the customers, items and accounts that only steps need which never go out."""
    stuck = _stuck(steps)
    idle = {need for step_id in stuck for need in steps[step_id].needs if need.entity in NAME_LISTS}
    for step in steps.values():
        if step.id not in stuck | idle:
            idle -= step.needs
    kept = {step_id: step for step_id, step in steps.items() if step_id not in idle}
    return {step_id: replace(step, needs=step.needs - idle) for step_id, step in kept.items()}


def _stuck(steps: dict[StepId, PlannedStep]) -> set[StepId]:
    """What is barred, and what needs something that is."""
    stuck = {step.id for step in steps.values() if step.barred is not None}
    while more := {step.id for step in steps.values() if step.id not in stuck and step.needs & stuck}:
        stuck |= more
    return stuck
