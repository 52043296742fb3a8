"""What an apply does only after somebody has said yes to it, by name: it would take something away from people.

A change that needs a yes carries a `Confirmation`. Who applies gives the yes for a key (`tito semester apply --yes
late`), for that apply alone; without it nothing at all is changed. An apply that nobody watches (a Hub that starts)
gives no yes: it leaves out the changes that need one, makes the others and says so.
"""

from collections.abc import Collection, Iterable

from tito.semester.service.change import Change, Confirmation


def needed(changes: Iterable[Change]) -> list[Confirmation]:
    """Return what `changes` need a yes to, each once."""
    return list(dict.fromkeys(change.needs for change in changes if change.needs))


def lacking(changes: Iterable[Change], yes: Collection[str]) -> list[Confirmation]:
    """Return what is needed and not given by `yes`."""
    return [each for each in needed(changes) if each.key not in yes]


def refusal(open_ones: Iterable[Confirmation]) -> str:
    """Say that nothing was changed, why, and how to give the yes."""
    open_ones = list(open_ones)
    words = " ".join(f"--yes {key}" for key in dict.fromkeys(each.key for each in open_ones))
    sentences = "; ".join(each.sentence for each in open_ones)
    return f"nothing was changed, since this needs a yes: {sentences}. If it is meant: `tito semester apply {words}`"


def left_out(open_ones: Iterable[Confirmation]) -> str:
    """Say what an apply left out that nobody watched, and how it is made up for."""
    return refusal(open_ones).replace("nothing was changed, since this needs", "left as it was, since it needs", 1)
