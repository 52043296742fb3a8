"""The reading of a module's answers, as its page shows it; pure functions over what the grading service says."""

from typing import Any

MINE, FREE, ALL = "mine", "free", "all"
SHARES = {MINE: "yours", FREE: "nobody's yet", ALL: "everybody's"}
CLEAR = "{points:.1f} % of the points {side} the others, on {answers} answers"
UNCLEAR = "no clear difference from the others on {answers} answers"


def rows_for(reading: dict[str, Any], name: str, share: str, question: str, section: str) -> list[dict[str, Any]]:
    """Return a list's answers, waiting ones first: one's share, nobody's, or all; of a question or section if given."""
    wanted = {MINE: name, FREE: ""}.get(share)
    found = [
        row for row in reading["rows"]
        if (wanted is None or row["share"] == wanted)
        and question in ("", row["question"]) and section in ("", row["section"])
    ]  # fmt: skip
    return sorted(found, key=lambda row: not row["waits"])


def first_list(reading: dict[str, Any], name: str) -> str:
    """Return the list to show first: one's own; without a share, nobody's if nothing was shared out, otherwise all."""
    own = any(row["share"] == name for row in reading["rows"])
    return MINE if own else ALL if reading["shared"] else FREE


def state_words(row: dict[str, Any], name: str) -> str:
    """Describe an answer's state in a few words."""
    who = "you have" if row["open_by"] == name else f"{row['open_by']} has"
    if row["open_by"]:
        return f"{who} it open"
    if row["waits"]:
        return "to be looked at again" if row["read_by"] else "waiting"
    return f"read by {'you' if row['read_by'] == name else row['read_by']}" if row["read_by"] else "read"


def strictness_words(said: dict[str, Any] | None) -> str:
    """Say how somebody's reading compares with the others'; empty if nothing is known.

    >>> strictness_words({"answers": 40, "percent": -12.04, "error_percent": 3.0, "is_clear": True})
    '12.0 % of the points below the others, on 40 answers'
    """
    if said is None:
        return ""
    side = "below" if said["percent"] < 0 else "above"
    words = CLEAR if said["is_clear"] else UNCLEAR
    return words.format(points=abs(said["percent"]), side=side, answers=said["answers"])


def plan_words(plan: dict[str, Any]) -> str:
    """Say how many answers move to whom.

    >>> plan_words({"moves": 12, "to": {"eve": 7, "tom": 5}, "left_out": 0})
    '12 answers: eve 7, tom 5.'
    """
    to = ", ".join(f"{name or 'nobody'} {count}" for name, count in plan["to"].items())
    moved = f"{plan['moves']} answer{'' if plan['moves'] == 1 else 's'}{': ' + to if to else ''}."
    left = plan["left_out"]
    return f"{moved} {left} that none of them may read {'stays' if left == 1 else 'stay'} nobody's." if left else moved
