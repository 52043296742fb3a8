"""Ask the other services with the viewer's token. Each answer is data, or the reason why there is none."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from exchange.hub.asking import reason_in
from hub_config.home.session import Viewer
from hub_config.home.settings import Settings

EVENTS_PAGE, SUBMISSIONS_PAGE, ROWS_MOST = 1000, 500, 20_000
# A requested change or plan goes on whether or not somebody waits for it: a plan of a large class takes
# minutes while another class is judged on the same machine.
ASKED_FOR_SECONDS = 300.0


@dataclass(frozen=True)
class Missing:
    """Data that is not available: which service, what it said, and whether it answered at all."""

    service: str
    reason: str
    status: int = 0

    @property
    def is_unreachable(self) -> bool:
        return self.status == 0 or self.status >= 500


@dataclass(frozen=True)
class Neighbours:
    """The exchange, semester and grading services, as one viewer may use them."""

    settings: Settings
    http: httpx.AsyncClient
    viewer: Viewer

    async def course(self) -> Any:
        return await self._get("semester", "/api/v1/course")

    async def module(self, slug: str) -> Any:
        """Return what a module is about, and what gives points in it."""
        return await self._get("semester", f"/api/v1/modules/{quote(slug, safe='')}")

    async def semester_status(self) -> Any:
        return await self._get("semester", "/api/v1/status")

    async def people(self) -> Any:
        return await self._get("semester", "/api/v1/people")

    async def applying(self) -> Any:
        return await self._get("semester", "/api/v1/apply")

    async def plan(self) -> Any:
        return await self._post("semester", "/api/v1/plan", {})

    async def apply(self, yes: list[str]) -> Any:
        return await self._post("semester", "/api/v1/apply", {"yes": yes})

    async def roster_plan(self, name: str, content: bytes, username: str) -> Any:
        """Return how a class list was understood, and what it would change as the roster."""
        body = {"name": name, "content": base64.b64encode(content).decode(), "username": username}
        return await self._post("semester", "/api/v1/roster/plan", body)

    async def roster_apply(self, roster: str, seen: str, yes: list[str]) -> Any:
        return await self._post("semester", "/api/v1/roster/apply", {"roster": roster, "seen": seen, "yes": yes})

    async def freeze_plan(self) -> Any:
        """Return whether the course is frozen, and what a freeze would affect."""
        return await self._get("semester", "/api/v1/freeze")

    async def freeze(self, leave_undone: bool) -> Any:
        asked = {"json": {"leave_undone": leave_undone}, "timeout": ASKED_FOR_SECONDS}
        return _content("semester", await self._ask("semester", "PUT", "/api/v1/freeze", **asked))

    async def unfreeze(self) -> Any:
        answer = await self._ask("semester", "DELETE", "/api/v1/freeze", timeout=ASKED_FOR_SECONDS)
        return answer if isinstance(answer, Missing) else None

    async def exchange_course(self) -> Any:
        """Return the course as the exchange has it: also whether it is frozen."""
        return await self._get("exchange", f"/api/v1/courses/{self.settings.course}")

    async def points(self) -> Any:
        """Return the columns of points that were given elsewhere."""
        return await self._get("semester", "/api/v1/points")

    async def points_plan(self, name: str, content: bytes, given: dict[str, Any]) -> Any:
        """Return what a list of points would change."""
        return await self.ask_points(name, "plan", {**given, "content": base64.b64encode(content).decode()})

    async def ask_points(self, name: str, what: str, body: dict[str, Any]) -> Any:
        """Plan or apply points, or take a column back."""
        return await self._post("semester", f"/api/v1/points/{quote(name, safe='')}/{what}", body)

    async def release(self, module: str) -> Any:
        return await self._post("semester", f"/api/v1/modules/{module}/release", None)

    async def notices(self) -> Any:
        """Return the notices that are up now for the viewer."""
        return await self._get("semester", "/api/v1/notices")

    async def put_up_notice(self, text: str, until: str, section: str) -> Any:
        return await self._post("semester", "/api/v1/notices", {"text": text, "until": until, "section": section})

    async def take_down_notice(self, number: int) -> Any:
        answer = await self._ask("semester", "DELETE", f"/api/v1/notices/{number}")
        return answer if isinstance(answer, Missing) else {}

    async def spend_late_days(self, module: str, days: int) -> Any:
        path = f"/api/v1/courses/{self.settings.course}/assignments/{quote(module, safe='')}/late-days"
        return _content("exchange", await self._ask("exchange", "PUT", path, json={"days": days}))

    async def own_survey(self) -> Any:
        """Return the survey that is open for the viewer, {} if none is."""
        return await self._get("semester", "/api/v1/me")

    async def survey_to_ask(self) -> Any:
        """Return the same for a page that asks the viewer to answer; the service counts these requests."""
        return await self._post("semester", "/api/v1/me/page", None)

    async def answer_survey(self, answers: dict[str, str]) -> Any:
        answer = await self._ask("semester", "PUT", "/api/v1/me", json={"answers": answers})
        return answer if isinstance(answer, Missing) else {}

    async def surveys(self) -> Any:
        """Return the semester's surveys with their distributions."""
        return await self._get("semester", "/api/v1/surveys")

    async def assignments(self) -> Any:
        return await self._get("exchange", f"/api/v1/courses/{self.settings.course}/assignments")

    async def own_submissions(self) -> Any:
        """Return the viewer's own submissions, oldest first."""
        return await self._all("submissions", SUBMISSIONS_PAGE, student=self.viewer.name)

    async def own_events(self) -> Any:
        """Return the viewer's own events, oldest first."""
        return await self._all("events", EVENTS_PAGE, student=self.viewer.name)

    async def submission(self, submission: str) -> Any:
        return await self._get("exchange", f"/api/v1/courses/{self.settings.course}/submissions/{submission}")

    async def receipt(self, submission: str) -> Any:
        return await self._get("exchange", f"/api/v1/courses/{self.settings.course}/submissions/{submission}/receipt")

    async def feedback(self, submission: str) -> "dict[str, bytes] | Missing":
        """Return the files of a submission's feedback."""
        path = f"/api/v1/courses/{self.settings.course}/submissions/{submission}/feedback"
        answer = await self._ask("exchange", "GET", path)
        return answer if isinstance(answer, Missing) else unpack(answer.content)

    async def submitted_files(self, submission: str) -> "dict[str, bytes] | Missing":
        """Return what was handed in."""
        path = f"/api/v1/courses/{self.settings.course}/submissions/{submission}/files"
        answer = await self._ask("exchange", "GET", path)
        return answer if isinstance(answer, Missing) else unpack(answer.content)

    async def progress(self) -> Any:
        return await self._get("exchange", f"/api/v1/courses/{self.settings.course}/progress")

    async def steps(self) -> Any:
        """Return how far students have got by their own reports, by module, and who opened hints."""
        return await self._get("exchange", f"/api/v1/courses/{self.settings.course}/steps")

    async def own_grading(self) -> Any:
        """Return quick results, scores of released feedback and regrade requests of the viewer, by module."""
        return await self._get("grading", "/api/v1/me")

    async def ask_regrade(self, module: str, exercise: str, reason: str) -> Any:
        body = {"assignment": module, "reason": reason, **({"exercise": exercise} if exercise else {})}
        return await self._post("grading", "/api/v1/regrades", body)

    async def own_questions(self) -> Any:
        """Return the viewer's own questions, oldest first."""
        return await self._get("exchange", f"/api/v1/courses/{self.settings.course}/questions", {"mine": "true"})

    async def waiting_questions(self) -> Any:
        """Return everybody's questions without an answer, oldest first."""
        return await self._get("exchange", f"/api/v1/courses/{self.settings.course}/questions", {"waiting": "true"})

    async def answers_for_all(self, module: str) -> Any:
        path = f"/api/v1/courses/{self.settings.course}/assignments/{quote(module, safe='')}/answers"
        return await self._get("exchange", path)

    async def question(self, number: str) -> Any:
        return await self._get("exchange", self._of_question(number))

    async def question_notebook(self, number: str) -> "dict[str, bytes] | Missing":
        """Return the notebook that was attached to a question."""
        answer = await self._ask("exchange", "GET", self._of_question(number) + "/notebook")
        return answer if isinstance(answer, Missing) else unpack(answer.content)

    async def question_checks(self, number: str) -> Any:
        """Return the visible checks' result on a question's notebook; {} if nobody has run them."""
        return await self._get("grading", f"/api/v1/questions/{quote(number, safe='')}/checks")

    async def check_question(self, number: str) -> Any:
        return await self._post("grading", f"/api/v1/questions/{quote(number, safe='')}/checks", None)

    async def ask_question(self, module: str, exercise: str, text: str) -> Any:
        path = f"/api/v1/courses/{self.settings.course}/assignments/{quote(module, safe='')}/questions"
        return await self._post("exchange", path, {"exercise": exercise, "text": text})

    async def take_question(self, number: str) -> Any:
        return await self._post("exchange", self._of_question(number) + "/take", None)

    async def give_question_back(self, number: str) -> Any:
        return _content("exchange", await self._ask("exchange", "DELETE", self._of_question(number) + "/take"))

    async def answer_question(self, number: str, text: str, for_all: str) -> Any:
        body = {"text": text, "for_all": for_all}
        path = self._of_question(number) + "/answer"
        return _content("exchange", await self._ask("exchange", "PUT", path, json=body))

    async def take_question_back(self, number: str) -> Any:
        answer = await self._ask("exchange", "DELETE", self._of_question(number))
        return answer if isinstance(answer, Missing) else {}

    async def see_answer(self, number: str) -> Any:
        return await self._post("exchange", self._of_question(number) + "/seen", None)

    def _of_question(self, number: str) -> str:
        return f"/api/v1/courses/{self.settings.course}/questions/{quote(number, safe='')}"

    async def grading_overview(self, sections: Sequence[str] = ()) -> Any:
        """Return what is waiting and what is done in each module, for some sections or for everybody."""
        return await self._get("grading", "/api/v1/overview", {"section": list(sections)})

    async def reading(self, module: str) -> Any:
        return await self._get("grading", f"/api/v1/reading/{quote(module, safe='')}")

    async def share_reading(self, module: str, **how: Any) -> Any:
        return await self._post("grading", f"/api/v1/reading/{quote(module, safe='')}/share", how)

    async def hand_reading_over(self, module: str, **which: Any) -> Any:
        return await self._post("grading", f"/api/v1/reading/{quote(module, safe='')}/handover", which)

    async def insight(self) -> Any:
        """Return the course's numbers about itself, by module."""
        return await self._get("grading", "/api/v1/insight")

    async def module_insight(self, module: str) -> Any:
        return await self._get("grading", f"/api/v1/insight/modules/{quote(module, safe='')}")

    async def behind_number(self, module: str, number: str, exercise: str, check: str) -> Any:
        """Return the students behind a number."""
        query = {"number": number, "exercise": exercise, "check": check}
        return await self._get("grading", f"/api/v1/insight/modules/{quote(module, safe='')}/students", query)

    async def student_cell(self, module: str, student: str, exercise: str) -> Any:
        """Return one student's cell of an exercise, with its checks."""
        path = "/".join(quote(part, safe="") for part in (module, "students", student, exercise))
        return await self._get("grading", f"/api/v1/insight/modules/{path}")

    async def similar(self, module: str) -> Any:
        """Return the pairs of similar answers of a module's newest comparison; the service notes who looks."""
        return await self._get("grading", f"/api/v1/insight/similar/{quote(module, safe='')}")

    async def similar_pair(self, module: str, run: int, exercise: str, number: int) -> Any:
        """Return two answers side by side; the service notes who looks."""
        path = "/".join(quote(part, safe="") for part in (module, str(run), exercise, str(number)))
        return await self._get("grading", f"/api/v1/insight/similar/{path}")

    async def own_activity(self) -> Any:
        """Return the totals of the viewer's own events."""
        query = {"student": self.viewer.name}
        return await self._get("exchange", f"/api/v1/courses/{self.settings.course}/activity", query)

    async def regrades(self) -> Any:
        """Return the open regrade requests."""
        return await self._get("grading", "/api/v1/regrades", {"open": "true"})

    async def answer_regrade(self, number: int, text: str) -> Any:
        return await self._post("grading", f"/api/v1/regrades/{number}/answer", {"answer": text})

    async def checks(self, module: str) -> Any:
        """Return a module's checks, how many students pass each, and which are void."""
        return await self._get("grading", f"/api/v1/assignments/{quote(module, safe='')}/checks")

    async def void(self, module: str, check: str, reason: str, undo: bool, plan: bool = False) -> Any:
        """Make a check void, or let it count again, or only show whose points that would change (`plan`)."""
        path = f"/api/v1/assignments/{quote(module, safe='')}/voids{'/plan' if plan else ''}"
        return await self._post("grading", path, {"check": check, "reason": reason, "undo": undo})

    async def board(self) -> Any:
        """Return the leaderboard as the viewer may see it."""
        return await self._get("grading", "/api/v1/board")

    async def board_csv(self) -> "str | Missing":
        answer = await self._ask("grading", "GET", "/api/v1/board/csv")
        return answer if isinstance(answer, Missing) else answer.text

    async def join_board(self, pseudonym: str) -> Any:
        answer = await self._ask("grading", "PUT", "/api/v1/board/me", json={"pseudonym": pseudonym})
        return _content("grading", answer)

    async def leave_board(self) -> Any:
        return _content("grading", await self._ask("grading", "DELETE", "/api/v1/board/me"))

    async def withdraw_entry(self, submission: str) -> Any:
        return await self._post("grading", f"/api/v1/board/entries/{quote(submission, safe='')}/withdraw", None)

    async def remove_from_board(self, student: str) -> Any:
        path = f"/api/v1/board/members/{quote(student, safe='')}"
        return _content("grading", await self._ask("grading", "DELETE", path))

    async def grading_workers(self) -> Any:
        """Return which machines judge, what each is doing and since when."""
        return await self._get("grading", "/api/v1/workers")

    async def grading_jobs(self) -> Any:
        return await self._get("grading", "/api/v1/jobs")

    async def grading_job(self, kind: str, module: str, **options: bool) -> Any:
        """Queue grading work on a module."""
        return await self._post("grading", "/api/v1/jobs", {"kind": kind, "assignment": module, **options})

    async def campus(self) -> Any:
        """Return which course of the learning platform is linked, and the latest checks of its members."""
        return await self._get("campus", "/api/v1/status")

    async def campus_grades(self) -> Any:
        """Return each released score: what was sent to the learning platform, and what differs."""
        return await self._get("campus", "/api/v1/grades")

    async def campus_roster(self) -> Any:
        """Return what the platform's members would change as the roster."""
        return await self._post("campus", "/api/v1/roster/plan", None)

    async def campus_choices(self, key: str) -> Any:
        """Return the modules that may become links of the platform's course."""
        return await self._get("campus", f"/api/v1/choices/{quote(key, safe='')}")

    async def ask_campus(self, what: str, body: Any = None) -> Any:
        return await self._post("campus", f"/api/v1/{what}", body)

    async def _all(self, what: str, page_size: int, **query: Any) -> Any:
        found: list[dict[str, Any]] = []
        while len(found) < ROWS_MOST:
            after = found[-1]["seq"] if found else 0
            path = f"/api/v1/courses/{self.settings.course}/{what}"
            page = await self._get("exchange", path, {**query, "limit": page_size, "after": after})
            if isinstance(page, Missing):
                return page
            found += page
            if len(page) < page_size:
                break
        return found

    async def _get(self, service: str, path: str, query: dict[str, Any] | None = None) -> Any:
        return _content(service, await self._ask(service, "GET", path, params=query or {}))

    async def _post(self, service: str, path: str, body: Any) -> Any:
        return _content(service, await self._ask(service, "POST", path, json=body, timeout=ASKED_FOR_SECONDS))

    async def _ask(self, service: str, method: str, path: str, **options: Any) -> "httpx.Response | Missing":
        url = getattr(self.settings, f"{service}_url")
        if not url:
            return Missing(service, "it is not part of this Hub")
        headers = {"Authorization": f"token {self.viewer.token}"}
        try:
            answer = await self.http.request(method, url + path, headers=headers, **options)
        except httpx.HTTPError:
            return Missing(service, "it does not answer; it may be restarting")
        return Missing(service, reason_in(answer), answer.status_code) if answer.is_error else answer


async def gather(**questions: Awaitable[Any]) -> dict[str, Any]:
    """Ask several things at once."""
    answers = await asyncio.gather(*questions.values())
    return dict(zip(questions, answers, strict=True))


def frozen_of(course: Any) -> dict[str, str] | None:
    """Return since when the exchange's course has been frozen and by whom; None if it is not, or that is unknown."""
    return None if isinstance(course, Missing) else course.get("frozen")


def unpack(bundle: bytes) -> dict[str, bytes]:
    """Read the exchange's bundle: a line of JSON that declares names and sizes, then the files in that order."""
    head, _, content = bundle.partition(b"\n")
    files, start = {}, 0
    for row in json.loads(head)["files"]:
        files[row["path"]] = content[start : start + row["size"]]
        start += row["size"]
    return files


def _content(service: str, answer: httpx.Response | Missing) -> Any:
    if isinstance(answer, Missing):
        return answer
    try:
        return answer.json()
    except ValueError:
        return Missing(service, "something other than the service answers at its address", 502)
