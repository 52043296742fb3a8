"""The grading page lists workers only if other machines judge, and shows what they report as text."""

from hub_config.home.neighbours import Missing
from hub_config.home.views import environment

WORKER = {"name": "<b>two</b>", "address": "tls://10.0.0.2:1", "jobs": 4, "since": "2026-11-30 18:00:00"}
SAID = "2 workers can judge 8 submissions at a time; 1 now, and 0 are waiting."


def shown(workers) -> str:
    return environment().get_template("who_judges.html").render(workers=workers).strip()


def test_workers_are_shown_with_what_they_do():
    busy = WORKER | {"does": ["autograde vectors of ada, since 2026-11-30 18:01:00"]}
    page = shown({"said": SAID, "elsewhere": True, "workers": [busy, WORKER | {"does": []}]})
    assert SAID in page and "vectors of ada" in page and "<td>waits</td>" in page
    assert "&lt;b&gt;two" in page and "<b>" not in page


def test_where_nobody_is_there_the_sentence_stands_alone():
    page = shown({"said": "No worker is connected", "elsewhere": True, "workers": []})
    assert "No worker is connected" in page and "<table>" not in page


def test_on_one_machine_nothing_is_added():
    assert shown({"said": SAID, "elsewhere": False, "workers": [WORKER | {"does": []}]}) == ""
    assert shown(Missing("grading", "is away")) == ""
