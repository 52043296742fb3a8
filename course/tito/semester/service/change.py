"""One change that a plan shows and an apply makes: both are the same object, so they cannot disagree."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Sign = Literal["+", "~", "-"]
Key = Literal["drops", "late"]


@dataclass(frozen=True)
class Confirmation:
    """`key` names the kind of loss, `sentence` says who loses what."""

    key: Key
    sentence: str

    def as_dict(self) -> dict[str, str]:
        """Return what a plan shows."""
        return {"key": self.key, "sentence": self.sentence}


@dataclass(frozen=True)
class Change:
    """`sign` + adds, ~ alters, - takes away; `make()` does it and may be repeated; `needs` must be confirmed."""

    sign: Sign
    area: str
    subject: str
    detail: str
    make: Callable[[], object]
    needs: Confirmation | None = None

    def as_dict(self) -> dict[str, str]:
        """Return what a plan shows."""
        return {"sign": self.sign, "area": self.area, "subject": self.subject, "detail": self.detail}


def became(before: object, after: object) -> str:
    """Write an alteration: `a → b`."""
    return f"{'none' if before in (None, '') else before} → {'none' if after in (None, '') else after}"
