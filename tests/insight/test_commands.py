"""Reports and tables: a report names no student, text stays text, and a report is compared with an earlier one."""

import csv
import io
import json

import pytest
from tito.errors import TitoError
from tito.insight.commands import CHECKS, as_table, checks_of
from tito.insight.report import goals, of_semester, read_report, write_report

HOSTILE = "<script>alert(1)</script>|`x`\n# big"


def module(name="tensor", **more):
    row = {"module": name, "label": f"01_{name}", "title": "Tensor", "students": 40, "submitted": 38, "full": 30}
    return {**row, "completion": 0.9, "hours": 2.5, "spread": 2.0, "reading": None, "warnings": [], **more}


def said(*modules, suspects=()):
    course = {"id": "c", "title": "Fall"}
    stuck = [{"student": "ada.secret", "module": "tensor", "exercise": "add", "why": "stuck", "since": "2029"}]
    return {"course": course, "at": "2029-06-01T12:00:00.000000Z", "students": 40, "modules": list(modules),
            "suspects": list(suspects), "stuck": stuck}  # fmt: skip


def exercise(**more):
    check = dict.fromkeys(CHECKS[1:]) | {"check": "=HYPERLINK()", "hidden": False}
    return {"exercise": "add", "first": 0.2, "last": 0.3, "kinds": {"wrong values": 9}, "checks": [check], **more}


@pytest.mark.parametrize("ending", [".html", ".md", ".json"])
def test_a_report_names_no_student_and_shows_text_as_text(ending):
    suspect = {"module": "tensor", "exercise": "add", "check": HOSTILE, "why": "5% pass it"}
    made = of_semester(said(module(warnings=["too long"]), suspects=[suspect]), {"tensor": {"exercises": [exercise()]}})
    text = write_report(made, [], ending)
    assert "ada.secret" not in text and "too long" in text and "5% pass it" in text and "30% solve it" in text
    assert ending == ".json" or "<script" not in text
    assert ending != ".md" or "\n# big" not in text


def test_goals_are_counted_over_the_modules_that_are_known():
    made = of_semester(said(module(), module("ops", completion=0.4), module("nn", completion=None, hours=3.5)), {})
    assert [line.partition(": ")[2] for line in goals(made)] == [
        "1 of 2 modules (1 not known)", "2 of 3 modules (0 not known)", "3 of 3 modules (0 not known)",
    ]  # fmt: skip


def test_a_semester_is_compared_with_what_an_earlier_one_kept(tmp_path):
    kept = tmp_path / "spring.json"
    kept.write_text(write_report(of_semester(said(module(completion=0.7)), {}), [], ".json"))
    text = write_report(of_semester(said(module(), module("new")), {}), [read_report(kept)], ".md")
    assert "| Tensor | 90% | 2.5 | 2.0 | not known | 70% |" in text
    assert "| not known | not known |" in text, "a module that there was not"


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", json.dumps({"format": 99, "modules": [], "course": {"title": "x"}})]
)
def test_something_else_is_no_report(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(TitoError, match="is not a semester's report"):
        read_report(tmp_path / "x.json")
    with pytest.raises(TitoError, match=r"\.html, \.md, \.json"):
        write_report({}, [], ".pdf")


def test_a_table_computes_nothing_and_leaves_empty_what_is_not_known():
    rows = list(csv.DictReader(io.StringIO(as_table(checks_of({"exercises": [exercise()]}), CHECKS))))
    assert [(row["exercise"], row["check"], row["last"]) for row in rows] == [("add", "'=HYPERLINK()", "")]
