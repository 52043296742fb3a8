"""What an apply does only if it is confirmed by name, because it would take something away from people.

A change that must be confirmed carries a `Confirmation`. Whoever applies confirms its key (`tito semester apply --yes
late`), for that apply alone; otherwise nothing at all is changed. An apply that nobody watches (when a Hub starts)
confirms nothing: it leaves out these changes, makes the others and reports this.
"""

from collections.abc import Collection, Iterable

from tito.semester.service.change import Change, Confirmation


def needed(changes: Iterable[Change]) -> list[Confirmation]:
    """Return what must be confirmed for `changes`, each once."""
    return list(dict.fromkeys(change.needs for change in changes if change.needs))


def lacking(changes: Iterable[Change], yes: Collection[str]) -> list[Confirmation]:
    """Return what must be confirmed and is not in `yes`."""
    return [each for each in needed(changes) if each.key not in yes]


def refusal(open_ones: Iterable[Confirmation]) -> str:
    """Say that nothing was changed, why, and how to confirm it."""
    open_ones = list(open_ones)
    words = " ".join(f"--yes {key}" for key in dict.fromkeys(each.key for each in open_ones))
    sentences = "; ".join(each.sentence for each in open_ones)
    command = f"`tito semester apply {words}`"
    return f"nothing was changed, because this must be confirmed: {sentences}. If it is intended: {command}"


def left_out(open_ones: Iterable[Confirmation]) -> str:
    """Say what an unwatched apply left out, and how to make up for it."""
    return refusal(open_ones).replace("nothing was changed, because this", "left as it was, because it", 1)
