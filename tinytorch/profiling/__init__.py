"""Measuring time and memory of your own models."""

from tinytorch.faces import make_face, same_words
from tinytorch.profiling.counting import as_built  # noqa: F401 - given, the words are to be built
from tinytorch.profiling.timing import Timing, best_of  # noqa: F401

WORDS = same_words(
    "time_call", "flops_of_call", "profile_calls", "peak_bytes", "amdahl", "timeline", "bytes_of_call",
    "summary", "bootstrap_interval", "interleave", "verdict", "pareto_front", "benchmark", "describe_machine",
)  # fmt: skip
_GIVEN = ("Timing", "as_built", "best_of")

__getattr__, _words = make_face(__name__, WORDS)


def __dir__() -> list[str]:
    return sorted([*_GIVEN, *_words()])
