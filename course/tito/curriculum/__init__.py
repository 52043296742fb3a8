"""The course's modules, their tiers, and the milestones: read from one place, the course tree.

A module's folder `NN_slug` gives its number and slug, its `module.yaml` everything else. No other file repeats them.
"""

from .load import JSON_NAME, find_course, installed_core, known_curriculum, load_curriculum, read_json, require_course
from .model import Curriculum, Exercise, Mistake, Module, Tier, WrittenAnswer

__all__ = [
    "JSON_NAME",
    "Curriculum",
    "Exercise",
    "Mistake",
    "Module",
    "Tier",
    "WrittenAnswer",
    "find_course",
    "installed_core",
    "known_curriculum",
    "load_curriculum",
    "read_json",
    "require_course",
]
