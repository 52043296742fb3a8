"""The plan of a module, from its source, which is read again only after it has changed."""

import functools

from tito.checks.plan import Plan, make_plan
from tito.curriculum import Module
from tito.source.percent import read_percent


def plan_of(module: Module, *, visible_only: bool = False) -> Plan:
    """Make the plan of a module."""
    plan = _plan(module, module.source.stat().st_mtime_ns)
    return plan.visible() if visible_only else plan


@functools.lru_cache(maxsize=64)
def _plan(module: Module, state: int) -> Plan:
    return make_plan(module.slug, read_percent(module.source), module.exercises, has_reference=True)
