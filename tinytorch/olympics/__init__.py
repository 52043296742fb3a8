"""The Olympics: an entry is a file of arrays, read with distrust, measured by the framework that is installed here.

`read_rules()` gives the rules, `read_archive(content, limits)` what is in an entry's bytes, and `measure_entry(content,
images, labels)` its measures or why it is refused. `python -m tinytorch.olympics` does that for standard input.

Promises: no part of an entry is ever run or unpickled; memory and work are bounded by the rules before they are spent;
the same bytes give the same numbers. What a net computes is computed by `tinytorch.core`, the student's own or, in the
grading worker, the reference.
"""

from tinytorch.olympics.archive import Refused, digest, read_archive
from tinytorch.olympics.measuring import measure_entry
from tinytorch.olympics.rules import read_rules

__all__ = ["Refused", "digest", "measure_entry", "read_archive", "read_rules"]
