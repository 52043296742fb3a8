"""Try every public name of a module's worker as the answer to each of its exercises; print those that pass.

Run it as a program, `python -m tests.modules.words_as_answers SLUG`: it hides the judged module and later ones
before anything of core is imported, as in a worker.
"""

import ast
import contextlib
import importlib
import inspect
import io
import pkgutil
import sys
import warnings
from pathlib import Path

import numpy as np
from tito.checks.plan import make_plan
from tito.curriculum import load_curriculum
from tito.source.percent import read_percent
from tito.staff.package import FAST
from tito.worker.cells import Notebook

import tinytorch
from tinytorch.testing.exercise import Session, use_session

CURRICULUM = load_curriculum(Path(__file__).resolve().parents[2] / "course")


NOT_THERE = FAST.replace("/", ".")  # not in a worker's wheel, nor in a student's until its modules are closed


class Hidden:
    """Hide the judged module, those after it, and NOT_THERE, which answers exercises by design."""

    def __init__(self, slugs):
        self.names = {f"tinytorch.core.{slug}" for slug in slugs} | {NOT_THERE}

    def find_spec(self, name, path=None, target=None):
        if name in self.names:
            raise ModuleNotFoundError(f"{name} is being judged", name=name)


SETTERS = ("set_", "use_", "register_", "primitive", "composed", "rule")  # they change how everything else works


def words(modules) -> dict[str, object]:
    """List everything public that can be called: of the package and its subpackages, of earlier modules, of Tensor."""
    places = ["tinytorch", *(name for _, name, _ in pkgutil.walk_packages(tinytorch.__path__, "tinytorch."))]
    left_out = ("tinytorch.viz", "tinytorch.core", "tinytorch.integration", "tinytorch.datasets", "tinytorch.testing")
    left_out += (NOT_THERE,)
    places = [p for p in places if not p.startswith(left_out)] + [f"tinytorch.core.{m.slug}" for m in modules]
    found = {}
    for place in places:
        with contextlib.suppress(ImportError):
            module = importlib.import_module(place)
            for word in dir(module):
                with contextlib.suppress(ImportError, AttributeError):
                    if not word.startswith(("_", *SETTERS)) and callable(value := getattr(module, word)):
                        found.setdefault(id(value), (f"{place}.{word}", value))
    return dict(found.values())


def methods(kind) -> dict[str, object]:
    """List the methods of Tensor as plain functions."""
    names = [n for n in dir(kind) if callable(getattr(kind, n)) and not n.startswith("__")]
    return {f"Tensor.{name}": getattr(kind, name) for name in names}


def on_arrays(function, kind):
    """Turn a function on tensors into one that also takes and returns arrays."""

    def adapted(*arguments, **options):
        given = [kind(x) if isinstance(x, np.ndarray) else x for x in arguments]
        out = function(*given, **options)
        return out.data if isinstance(out, kind) else out

    return adapted


def prepare(module, plan, cells) -> dict:
    """Run what the judge runs, including the solutions, and the imports of all cells."""
    notebook = Notebook(module.slug)
    for step in plan.steps:
        notebook.run(step.name, step.source)
    for cell in cells:
        body = ast.parse(cell.source).body if cell.kind == "code" else []
        for node in (node for node in body if isinstance(node, (ast.Import, ast.ImportFrom))):
            notebook.run(cell.name, ast.unparse(node))
    return notebook.names


def passes(names: dict, exercise: str, source: str, answer: object) -> bool:
    """Tell whether every check of a test cell passes with this answer."""
    before = names[exercise]
    names[exercise] = answer
    session = Session(prints=False)
    session.before_check = lambda: stop_after_a_failure(session)
    previous = use_session(session)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(source, names)
        return True
    except BaseException:  # whatever happens when the name is called like this, it is no answer
        return False
    finally:
        use_session(previous)
        names[exercise] = before


def may_be_called_like(word: object, reference: object) -> bool:
    """Tell whether a name takes as many arguments as an exercise; otherwise it need not be tried."""
    try:
        own, wanted = inspect.signature(word), inspect.signature(reference)
    except (TypeError, ValueError):  # functions written in C may have no signature
        return True
    kinds = [p.kind for p in wanted.parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return True
    by_position = [p for p in wanted.parameters.values() if p.kind <= inspect.Parameter.POSITIONAL_OR_KEYWORD]
    least = sum(p.default is p.empty for p in by_position)
    return any(fits(own, count) for count in range(least, len(by_position) + 1))


def fits(signature: inspect.Signature, count: int) -> bool:
    """Tell whether a function with this signature can be called with this many arguments."""
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def stop_after_a_failure(session: Session) -> None:
    """Skip the checks after the first failure: a wrong answer need not be tried further."""
    if any(not outcome.passed for test in session.tests for outcome in test.outcomes):
        raise AssertionError("an earlier check failed")


@contextlib.contextmanager
def unsolved(names: dict, exercises: set[str]):
    """Make these exercises unsolved for the block."""

    def stub(*arguments, **options):
        raise NotImplementedError("an exercise that is not solved")

    before = {name: names[name] for name in exercises}
    names.update(dict.fromkeys(exercises, stub))
    try:
        yield
    finally:
        names.update(before)


def answers(slug: str) -> tuple[int, list[str]]:
    """Return how many candidates were tried, and which of them passed."""
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    module = CURRICULUM.find_written(slug)
    earlier = [other for other in CURRICULUM.before(module) if other.is_written]
    sys.meta_path.insert(0, Hidden(m.slug for m in CURRICULUM.modules if m not in earlier))
    cells = read_percent(module.source)
    plan = make_plan(slug, cells, module.exercises, has_reference=True)
    names = prepare(module, plan, cells)
    candidates = words(earlier)
    kind = names["Tensor"] if "Tensor" in names else importlib.import_module("tinytorch.core.tensor").Tensor
    candidates |= methods(kind)
    found, looked_at = [], 0
    for test in plan.tests:
        source = compile(test.source, test.name, "exec")
        assert passes(names, test.exercise, source, names[test.exercise]), f"the reference fails {test.exercise}"
        for shown, value in candidates.items():
            if not may_be_called_like(value, names[test.exercise]):
                looked_at += 2
                continue
            for form, answer in (("", value), (" on arrays", on_arrays(value, kind))):
                looked_at += 1
                if not inspect.isgeneratorfunction(value) and passes(names, test.exercise, source, answer):
                    with unsolved(names, set(plan.points) - {test.exercise, *plan.uses[test.exercise]}):
                        if not passes(names, test.exercise, source, answer):
                            continue  # it only calls what the student built in another exercise
                    found.append(f"{shown}{form} answers {test.exercise}")
    return looked_at, found


if __name__ == "__main__":
    count, passed = answers(sys.argv[1])
    print(f"{count} looked at", *passed, sep="\n")
