"""Find the module that has an exercise: students name what they are stuck on."""

from difflib import get_close_matches

from tito.curriculum import Module, load_curriculum
from tito.errors import TitoError


def module_with(exercise: str) -> Module:
    """Find the written module that has an exercise; the error lists those with a similar name."""
    written = load_curriculum().written
    for module in written:
        if exercise in [each.name for each in module.exercises]:
            return module
    names = [each.name for module in written for each in module.exercises]
    near = ", ".join(get_close_matches(exercise, names, 3)) or "none"
    raise TitoError(
        f"there is no exercise '{exercise}'. Similar names: {near}. 'tito module status' lists the modules."
    )
