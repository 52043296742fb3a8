"""Run the tests of several modules together, as far as their modules are complete."""

import traceback

from tinytorch.integration import (  # noqa: F401 - the rooms add their tests
    TESTS,
    IntegrationTest,
    acceleration,
    attention,
    benchmarking,
    caching,
    composition,
    compression,
    gradients,
    olympics,
    profiling,
    quantization,
    text,
    training,
    transformers,
)


def run_tests(ready: set[str]) -> list[dict]:
    """Run the tests whose modules are all ready; each gives name, title, passed and why."""
    return [_run(test) for test in TESTS.values() if set(test.needs) <= ready]


def _run(test: IntegrationTest) -> dict:
    why = ""
    try:
        test.run()
    except AssertionError as error:
        why = str(error)
    except Exception as error:  # any error in a student's code is an answer
        where = traceback.extract_tb(error.__traceback__)[-1]
        why = f"{type(error).__name__}: {error} ({where.filename}, line {where.lineno})"
    return {"name": test.name, "title": test.title, "passed": not why, "why": why}
