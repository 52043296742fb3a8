"""A prediction that is entered before the answer opens.

>>> viz.Prediction("numbers", "How many numbers does a layer from 64 to 10 carry?", lambda: 10 * 64 + 10)
>>> viz.Prediction("copy", "Does x.T.reshape(12) copy?", lambda: not shares(x), choices=["yes", "no"])

In a notebook a field and a button that opens the answer, or a button for each choice, and one that skips: only then is
the answer computed and shown with what was said. If no fields can be shown, end the cell with `.say(650)` or
`.skip()`. What was said stays in the saved notebook and in the home (`kept_predictions`), so a cell that runs again
opens at once. The prediction's name and whether it was right are reported (`tinytorch.reports`), never the value.
"""

import contextlib
import html
import math
from collections.abc import Callable, Sequence
from functools import partial

from tinytorch import reports
from tinytorch.viz.answers import ask
from tinytorch.viz.kept_predictions import keep, recall
from tinytorch.viz.shown import spoken

LONGEST_QUESTION, LONGEST_CHOICE, MOST_CHOICES, LONGEST_NAME = 600, 120, 8, 60
LONGEST_ANSWER = 2000  # characters; an answer is a number or a sentence
LONGEST_SAID = 60
HIDDEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"  # heard, and seen elsewhere
CLOSED = "not predicted yet. If no fields are shown, end the cell with .say(YOUR PREDICTION) or .skip()."


class Prediction:
    """A question whose answer opens once a prediction was made, or skipped.

    Args:
        name: a word for it, unique in its module; the course learns it.
        question: one or two sentences.
        answer: answer() gives a number, a truth value (yes or no) or a text; it is called when the answer opens. Or the
            answer itself.
        choices: texts to choose from; without them a number is entered.
        within: how far off a number may be and still be right, as a share of the answer: 0.1 is ten percent.
    """

    def __init__(
        self, name: str, question: str, answer: Callable[[], object] | object, choices: Sequence[object] = (),
        within: float = 0.0,
    ) -> None:  # fmt: skip
        self.name = _short("name", name, LONGEST_NAME)
        self.question = _short("question", question, LONGEST_QUESTION)
        self.choices = [_short("choice", str(choice), LONGEST_CHOICE) for choice in choices]
        if len(self.choices) == 1 or len(self.choices) > MOST_CHOICES or len(set(self.choices)) != len(self.choices):
            raise ValueError(
                f"a prediction must have 2 to {MOST_CHOICES} different choices, or none, got {self.choices}"
            )
        self.within = within
        self._answer = answer if callable(answer) else lambda: answer
        self.said: str | None = None  # "" if skipped
        self.line = ""

    @property
    def is_open(self) -> bool:
        return bool(self.line)

    def say(self, prediction: object) -> "Prediction":
        """Predict, and open the answer; a ValueError says why something can't be a prediction."""
        said = self._read(prediction)
        self._open(said, first=recall(self.name) is None)
        return self

    def skip(self) -> "Prediction":
        """Open the answer without a prediction."""
        self._open("", first=recall(self.name) is None)
        return self

    def _read(self, prediction: object) -> str:
        said = str(prediction).strip()
        if self.choices:
            if said not in self.choices:
                raise ValueError(f"choose one of {', '.join(self.choices)}, got {said[:LONGEST_SAID]!r}")
            return said
        if not said:
            raise ValueError("enter a number first, or skip")
        if len(said) > LONGEST_SAID or math.isnan(_number(said)):
            raise ValueError(f"{said[:LONGEST_SAID]!r} is not a number: write it in digits, such as 650, 0.5 or 1e6")
        return said

    def _open(self, said: str, first: bool) -> None:
        answer, problem = ask(self._answer)
        if problem:
            raise RuntimeError(f"the answer can't be computed yet ({problem[:300]}): fix that, and run the cell again")
        line, right = self._compare(said, answer)
        if first:
            keep(self.name, said)
            if said:
                reports.note(prediction=self.name, right=right)
        self.said, self.line = said, line

    def _compare(self, said: str, answer: object) -> tuple[str, bool]:
        """Give the line that opens, and whether the prediction was right."""
        plain = _plain(answer)
        truth, value = _in_words(plain)
        if self.choices:
            truth = truth if isinstance(plain, bool) else str(plain)
            if truth not in self.choices:
                raise RuntimeError(f"the answer {truth[:LONGEST_CHOICE]!r} is none of {', '.join(self.choices)}")
        if not said:
            return f"You skipped the prediction. It is {truth}.", False
        if self.choices or value is None:
            right = said == truth
            return f"You said {said}. It is {truth}{', as you said' if right else ''}.", right
        guess = _number(said)
        right = guess == value or abs(guess - value) <= self.within * abs(value) + 1e-12 * abs(value)
        return f"You said {said}. It is {truth}: {'right' if right else _how_far(guess, value)}.", right

    def controls(self, opened: Callable[[], object] = lambda: None):
        """Make question, field and buttons (ipywidgets), one for each choice; `opened` is called when the answer opens.

        Choices are buttons, since a notebook takes arrow keys for itself and radio buttons need them.
        """
        import ipywidgets

        told, field = ipywidgets.HTML(), self._field(ipywidgets)

        def follow(act: Callable[[], object]) -> None:
            if self.is_open:
                return
            try:
                act()
            except (ValueError, RuntimeError) as problem:
                told.value = spoken(str(problem))
                return
            field.disabled = True  # the buttons are not: somebody who pressed one by key would lose their place
            told.value = f'<div style="{HIDDEN}">{spoken(self.line)}</div>'
            opened()

        def button(words: str, tooltip: str, act: Callable[[], object]):
            made = ipywidgets.Button(description=words, tooltip=tooltip, layout={"width": "auto"})
            made.on_click(lambda _: follow(act))
            return made

        buttons = [button(each, f"Predict: {each}", partial(self.say, each)) for each in self.choices]
        if not self.choices:
            buttons = [button("Show the answer", "Enter your prediction first", lambda: self.say(field.value))]
        buttons.append(button("Skip", "Show the answer without a prediction", self.skip))
        question = ipywidgets.HTML(f"<b>Predict first:</b> {html.escape(self.question)}")
        row = ipywidgets.HBox(buttons, layout={"flex_flow": "row wrap"})
        return ipywidgets.VBox([question, *([] if self.choices else [field]), row, told])

    def _field(self, ipywidgets):
        label = {"description": "your prediction", "style": {"description_width": "initial"}, "tooltip": self.question}
        # Sent once, on leaving it: a value that waits for the kernel would be overtaken by the press of the button.
        return ipywidgets.Text(placeholder="a number", continuous_update=False, **label)

    def _ipython_display_(self) -> None:
        """Show the fields, and what was said as an output of its own: it stays where no widget can be shown."""
        from IPython.display import display

        from tinytorch.viz.loss_curve import in_a_notebook

        self._open_again()
        if self.is_open or not in_a_notebook():
            display(_Record(repr(self)))
            return
        display(self.controls(lambda: shown.update(_Record(repr(self)))))
        shown = display(_Record(repr(self)), display_id=True)

    def _open_again(self) -> None:
        said = None if self.is_open else recall(self.name)
        if said is not None:
            # If the question has changed since, or its code fails, it is asked again.
            with contextlib.suppress(ValueError, RuntimeError):
                self._open(self._read(said) if said else "", first=False)

    def __repr__(self) -> str:
        return f"{self.question}\n{self.line or CLOSED}"


class _Record:
    """What stays in the notebook: text, and the same as HTML."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return "<p>" + html.escape(self.text).replace("\n", "<br>") + "</p>"


def _short(what: str, text: str, longest: int) -> str:
    if not isinstance(text, str) or not 0 < len(text) <= longest:
        raise ValueError(f"the {what} of a prediction must be a text of 1 to {longest} characters, got {text!r:.80}")
    return text


def _number(text: str) -> float:
    """Read a number as people write it, with commas or blanks between thousands; nan if it is none."""
    try:
        return float(text.replace(",", "").replace("_", "").replace(" ", ""))
    except ValueError:
        return math.nan


def _plain(answer: object) -> object:
    """Take a single number out of its array."""
    try:
        return answer.item()  # type: ignore[attr-defined]
    except (AttributeError, RuntimeError, TypeError, ValueError):  # no array, or one of several numbers
        return answer


def _in_words(plain: object) -> tuple[str, float | None]:
    """Write an answer; give its value too if it is a number."""
    if isinstance(plain, bool):
        return "yes" if plain else "no", None
    if isinstance(plain, int):
        return f"{plain:,}", float(plain) if abs(plain) < 2**1023 else None
    if isinstance(plain, float):
        return f"{plain:,.4g}" if abs(plain) < 1e4 else f"{plain:,.6g}", plain
    return str(plain)[:LONGEST_ANSWER], None


def _how_far(guess: float, value: float) -> str:
    """Say how far off a wrong number is: as a factor from two on, else in percent."""
    if not math.isfinite(guess) or not math.isfinite(value) or value == 0 or guess / value <= 0:
        return "your prediction is elsewhere"
    ratio = guess / value
    if ratio >= 2 or ratio <= 0.5:
        return f"{max(ratio, 1 / ratio):,.3g} times too {'large' if ratio > 1 else 'small'}"
    return f"{abs(ratio - 1):.1%} too {'large' if ratio > 1 else 'small'}".replace("%", " %")
