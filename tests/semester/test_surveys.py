"""Surveys: when they are open, what they accept, how often students are asked, and what five or more answers show."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tito.insight.survey import LONGEST_TEXT, QUESTIONS, distributions, problem_of, tally
from tito.semester.problems import SemesterError
from tito.semester.read import Sources, validate
from tito.semester.service.access import Ours
from tito.semester.service.database import open_database
from tito.semester.service.surveys import BATCH, DAYS_ASKED, Surveys
from tito.semester.surveys import open_survey, surveys_of

from tests.semester.conftest import ROSTER, SEMESTER

KEY = ("tiny-2026", "2026-10-19")


@pytest.fixture
def surveys(tmp_path: Path) -> Surveys:
    return Surveys(open_database(f"sqlite:///{tmp_path}/semester.db"))


def semester(line: str = ""):
    return lambda curriculum: validate(Sources(f"{SEMESTER}{line}\n", ROSTER), curriculum).semester


def test_weeks_count_from_the_first_release_and_end_with_the_last_due_date(curriculum):
    of_weeks = surveys_of(semester("surveys: [1, 2, 60]")(curriculum))
    [first, second] = of_weeks
    start = min(d.release for d in semester()(curriculum).dates.values()).astimezone(first.opens.tzinfo).date()
    assert (first.name, first.week, first.opens.hour) == (start.isoformat(), 1, 0)
    assert second.opens.date() == start + timedelta(days=7) == first.closes.date()


def test_days_stand_for_themselves_and_one_survey_is_open_at_a_time(curriculum):
    given = semester("surveys: [2026-12-01, 2026-11-03]")(curriculum)
    assert [each.name for each in surveys_of(given)] == ["2026-11-03", "2026-12-01"]
    noon = datetime(2026, 11, 9, 12, tzinfo=UTC)
    found = open_survey(given, noon)
    assert found is not None and found.name == "2026-11-03"
    assert open_survey(given, noon + timedelta(days=1)) is None


def test_the_default_is_weeks_3_6_9_and_12_and_none_is_a_choice(curriculum):
    assert semester()(curriculum).surveys == [3, 6, 9, 12]
    assert surveys_of(semester("surveys: []")(curriculum)) == []


@pytest.mark.parametrize("wrong", ["0", "61", "soon", "true", "2026-13-01"])
def test_a_mistake_is_told_with_its_line(curriculum, wrong):
    with pytest.raises(SemesterError) as caught:
        semester(f"surveys: [3, {wrong}]")(curriculum)
    [problem] = caught.value.problems
    assert (problem.line, "neither a week of the semester nor a day" in str(problem)) == (17, True), str(problem)


def test_every_question_has_its_choices_and_nothing_else_is_taken():
    assert [q.name for q in QUESTIONS] == ["hours", "ideas", "stopped", "reading", "copied"]
    assert problem_of({"hours": "2-4", "text": "x" * LONGEST_TEXT, "copied": ""}) is None
    for wrong in ({}, {"hours": ""}, {"hours": "99"}, {"name": "ada"}, {"text": "x" * (LONGEST_TEXT + 1)}):
        assert problem_of(wrong) is not None, wrong


def test_what_fewer_than_five_answered_is_not_shown():
    four = [{"hours": "2-4", "text": "slower"}] * 4
    assert distributions(tally(four)) == {"answers": None, "questions": [], "texts": []}
    five = distributions(tally([*four, {"reading": "no"}]))
    hours = five["questions"][0]
    assert (five["answers"], hours["choices"], five["texts"]) == (5, None, ["slower"] * 4)
    all_five = distributions(tally([*four, {"hours": "0-2"}]))["questions"][0]["choices"]
    assert {row["choice"]: row["count"] for row in all_five if row["count"]} == {"2-4": 4, "0-2": 1}


def test_answers_are_stored_by_fives_and_nobody_answers_twice(surveys):
    for number in range(BATCH - 1):
        surveys.answer(KEY, f"s{number}", {"hours": "0-2"})
        surveys.answer(KEY, f"s{number}", {"hours": "2-4"})  # before answers are stored, a second replaces the first
    assert surveys.tallies(KEY[0]) == {}
    surveys.answer(KEY, "last", {"hours": "2-4"})
    assert surveys.tallies(KEY[0]) == {KEY[1]: tally([{"hours": "2-4"}] * BATCH)}
    with pytest.raises(Ours, match="have already answered the survey"):
        surveys.answer(KEY, "s0", {"hours": "0-2"})
    for number in range(BATCH):
        surveys.answer(KEY, f"t{number}", {"hours": "2-4", "reading": "no"})
    assert surveys.tallies(KEY[0])[KEY[1]]["hours", "2-4"] == 2 * BATCH


def test_a_student_is_asked_on_three_days_and_not_after_answering(surveys):
    days = [f"2026-10-{day}" for day in range(19, 25)]
    said = [[surveys.remind(KEY, "ada", day) for _ in range(2)] for day in days]
    assert said == [["ask", "ask"]] * DAYS_ASKED + [["quiet", "quiet"]] * (len(days) - DAYS_ASKED)
    assert surveys.state(KEY, "ben") == "ask"
    surveys.answer(KEY, "ben", {"hours": "0-2"})
    assert surveys.remind(KEY, "ben", days[0]) == surveys.state(KEY, "ben") == "answered"


def test_names_are_forgotten_when_a_survey_closes_and_counts_stay(surveys):
    for number in range(BATCH + 1):
        surveys.answer(KEY, f"s{number}", {"hours": "0-2"})
    surveys.forget_people(KEY[0], [KEY[1]])
    assert surveys.state(KEY, "s0") == "answered"
    surveys.forget_people(KEY[0], [])
    assert {surveys.state(KEY, f"s{number}") for number in range(BATCH + 1)} == {"ask"}
    assert surveys.tallies(KEY[0])[KEY[1]]["hours", "0-2"] == BATCH
