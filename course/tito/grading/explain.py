"""Why a submission got its points: the recorded verdict, and the result of judging it again from its seed."""

from pathlib import Path
from typing import Any

import click

from exchange.protocol.verdicts import ModuleResult
from tito.errors import TitoError
from tito.gradebook.policy import DEFAULT_MODE

from . import verdicts
from .settings import GradingSettings, settings_from_environment


def explain_run(
    run: dict[str, Any], voids: list[dict[str, Any]], course_dir: str | None, database: str | None
) -> dict[str, Any]:
    """Judge a recorded run's submission again, if its files and tests are still the same.

    `reproduced` is True or False, or None with the reason in `why_not` if it could not be tried. A verdict says what
    the judge found; `voids` are the checks whose points everybody has, regardless of that.
    """
    about = {name: run[name] for name in run if name != "report"}
    explanation = {"run": about, "recorded": run["report"], "voids": voids}
    folder, settings, reason = _submission(run, course_dir, database)
    if settings is None or folder is None:
        return {**explanation, "reproduced": None, "why_not": reason, "again": None}
    mode = run["versions"].get("mode", DEFAULT_MODE)
    again = verdicts.judge(settings, run["assignment"], run["student"], folder, int(run["seed"]), mode)
    verdict = verdicts.report(again, for_student=False)
    same = _points(verdict) == _points(run["report"])
    return {**explanation, "reproduced": same, "why_not": "", "again": verdict}


def _submission(
    run: dict[str, Any], course_dir: str | None, database: str | None
) -> tuple[Path | None, GradingSettings | None, str]:
    try:
        settings = settings_from_environment(course_dir=course_dir, database_url=database)
    except TitoError:
        return None, None, "the course directory is not here: this is the recorded verdict"
    folder = settings.course_dir / "submitted" / run["student"] / run["assignment"]
    if not folder.is_dir() or verdicts.folder_digest(folder) != run["submission_sha256"]:
        return None, None, "another attempt is in `submitted` now: this is the verdict on the earlier one"
    if verdicts.source_digest(settings, run["assignment"]) != run["source_sha256"]:
        return None, None, "the module's tests have changed since: this is the verdict of the earlier tests"
    if verdicts.earlier_digest(settings, run["assignment"], run["student"]) != run["versions"].get("earlier"):
        return (
            None,
            None,
            "the student's earlier modules, which may have helped, have changed since: this is the recorded verdict",
        )
    return folder, settings, ""


def _points(report: dict[str, Any]) -> dict[str, list]:
    return {
        exercise["name"]: [(check["title"], check["passed"]) for check in exercise["checks"]]
        for exercise in report.get("exercises", [])
    }


def print_explanation(explanation: dict[str, Any]) -> None:
    """Print a verdict for people: each exercise, each check, what was called, got and expected."""
    run = explanation["run"]
    verdict = ModuleResult.from_json(explanation["again"] or explanation["recorded"])
    click.echo(f"{run['student']}, {run['assignment']}: {verdict.points:g} of {verdict.max_points:g} points by tests")
    click.echo(f"judged {run['started_at'][:19]} UTC, seed {run['seed']}, mode {run['versions'].get('mode', '?')}")
    if verdict.refused:
        click.echo(f"refused: {verdict.refused}")
    for exercise in verdict.exercises:
        lent = f"  (with {exercise.lent})" if exercise.lent else ""
        click.secho(f"\n{exercise.name}: {exercise.points:g} of {exercise.max_points:g}{lent}", bold=True)
        for check in exercise.checks:
            _print_check(check)
            _print_void(explanation["voids"], exercise.name, check.title)
    for note in verdict.notes:
        click.echo(f"note{f' on {note.cell}' if note.cell else ''}: {note.text}")
    click.echo(f"\n{_ending(explanation)}")


def _print_check(check) -> None:
    mark = click.style("passed", fg="green") if check.passed else click.style(check.kind or "failed", fg="red")
    hidden = ", hidden" if check.hidden else ""
    click.echo(f"  {check.title} ({check.points:g} points{hidden}): {mark}")
    if not check.passed:
        for label, text in (
            ("why", check.why),
            ("called", check.called),
            ("got", check.got),
            ("expected", check.expected),
        ):
            if text:
                click.echo(f"      {label}: {text}")


def _print_void(voids: list[dict[str, Any]], exercise: str, title: str) -> None:
    for each in voids:
        if (each["exercise"], each["title"]) == (exercise, title):
            click.echo(f"      void: everybody has its {each['points']:g} points. {each['reason']}")


def _ending(explanation: dict[str, Any]) -> str:
    if explanation["reproduced"] is None:
        return explanation["why_not"]
    if explanation["reproduced"]:
        return "Judged again from the recorded seed: the same verdict."
    return (
        "Judged again from the recorded seed, the verdict DIFFERS from the record: keep the run's number and report it."
    )
