"""Surveys in a semester's report: shares compared with the course's limits, earlier semesters below, and no text."""

import json

import pytest
from click.testing import CliRunner
from tito.insight import commands
from tito.insight.report import goals, of_semester, read_report, write_report
from tito.insight.survey import QUESTIONS, distributions, tally

from tests.insight.test_commands import module, said

MINE = "my dog Bello ate the tensor"


def survey(answers: list[dict[str, str]], week: int = 3) -> dict:
    return {"survey": f"2029-10-{week:02d}", "week": week, **distributions(tally(answers))}


def answers(much: int, little: int) -> list[dict[str, str]]:
    """Return answers of `much` students who struggle with syntax and copy, and of `little` who do not."""
    bad = {"hours": "10-", "ideas": "0-25", "stopped": "syntax", "reading": "no", "copied": "much", "text": MINE}
    good = {"hours": "2-4", "ideas": "50-75", "stopped": "nothing", "reading": "partly", "copied": "no"}
    return [bad] * much + [good] * little


def made(*surveys: dict) -> dict:
    return of_semester(said(module()), {}, surveys)


def test_promises_that_a_class_breaks_are_things_to_change_and_kept_ones_are_not():
    bad = [change["what"] for change in made(survey(answers(8, 2)))["changes"]]
    assert [line.partition("; ")[0].rpartition(" ")[2] for line in bad] == ["20%", "20%", "80%", "20%"]
    assert "PyTorch" in bad[3] and "6 hours" in bad[0]
    assert made(survey(answers(1, 9)))["changes"] == []


def test_the_newest_survey_counts_for_changes_and_all_for_goals():
    report = made(survey(answers(8, 2)), survey(answers(0, 10), week=6))
    assert report["changes"] == []
    assert [line.partition(": ")[2] for line in goals(report)[3:]] == [
        "1 of 2 surveys, 100% in the newest", "1 of 2 surveys, 100% in the newest", "1 of 2 surveys, 0% in the newest",
        "1 of 2 surveys, 100% in the newest",
    ]  # fmt: skip


@pytest.mark.parametrize("ending", [".html", ".md", ".json"])
def test_no_text_of_a_student_is_in_a_report(ending):
    assert MINE not in write_report(made(survey(answers(8, 2))), [], ending)


def test_surveys_stand_in_a_table_with_an_earlier_semester_below(tmp_path):
    earlier = tmp_path / "spring.json"
    earlier.write_text(write_report(made(survey(answers(8, 2))), [], ".json"))
    text = write_report(made(survey(answers(2, 8), week=6)), [read_report(earlier)], ".md")
    assert "| Week 6 | 10 | 2 to 4 | 80% | 20% | 80% |" in text
    assert "| Fall, week 3 | 10 | more than 10 | 20% | 80% | 20% |" in text


def test_fewer_than_five_answers_say_nothing():
    few = {**answers(0, 4)[0], "copied": ""}
    report = made(survey(answers(2, 2)), survey([*answers(0, 4), few], week=6))
    assert [row["week"] for row in report["surveys"]] == [6]
    assert "| Week 6 | 5 | 2 to 4 | 100% | not known | 100% |" in write_report(report, [], ".md")
    assert "No survey has enough answers" in write_report(made(survey(answers(2, 2))), [], ".html")


def test_a_report_of_before_surveys_is_read_and_compared(tmp_path):
    old = made()
    del old["surveys"]
    (tmp_path / "old.json").write_text(json.dumps(old))
    assert "| Week 3 |" in write_report(made(survey(answers(0, 9))), [read_report(tmp_path / "old.json")], ".md")


def test_the_choices_that_promises_count_are_those_that_are_asked():
    from tito.insight.survey_report import GOALS

    asked = {question.name: question.choices.keys() for question in QUESTIONS}
    assert all(set(goal.choices) < asked[goal.question] for goal in GOALS)


def test_the_command_says_when_surveys_are_missing(monkeypatch):
    monkeypatch.setattr(commands.InsightClient, "semester", lambda _: said(module(submitted=0)))
    nowhere = {"GRADING_URL": "http://127.0.0.1:9", "TITO_TOKEN": "t", "SEMESTER_URL": ""}
    for name in ("COURSE_TOKEN", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.setenv(name, "t")
    result = CliRunner().invoke(commands.report, [], env=nowhere)
    assert result.exit_code == 0 and "the report has no surveys" in result.stderr and "SEMESTER_URL" in result.stderr
    assert "No survey has enough answers" in result.stdout
