"""Turn data into pages."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hub_config.home.cookies import forget_cookie, get_cookie
from hub_config.home.moments import Clock, Moment
from hub_config.home.neighbours import Missing
from hub_config.home.session import Viewer

HERE = Path(__file__).parent
NOTE_COOKIE = "home-note"


def time_tag(moment: Moment | None) -> Markup:
    """Format a time: exact in the course's zone for readers without scripts; `home.js` puts it in the viewer's own."""
    if moment is None:
        return Markup("")
    return Markup('<time datetime="{}" title="{} ({})">{}</time>').format(
        moment.iso, moment.exact, moment.zone_name, moment.exact
    )


def number(value: float | None) -> str:
    """Format points: 87.5, 90."""
    return "" if value is None else f"{value:.1f}".removesuffix(".0")


def percent(share: float | None) -> str:
    """Format a share: 85 %, or that it is not known."""
    return "not known" if share is None else f"{share:.0%}"


def environment() -> Environment:
    """Return the templates; an undefined name is an error, and everything is escaped."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["has_board"] = has_board
    made.filters |= {"time": time_tag, "number": number, "percent": percent}
    made.tests["missing"] = lambda value: isinstance(value, Missing)
    return made


def clock_for(course: dict[str, Any] | Missing) -> Clock:
    """Return the course's clock, in UTC while the course is unknown."""
    return Clock("UTC" if isinstance(course, Missing) else course["time_zone"], datetime.now(UTC))


def render(request: Request, template: str, status_code: int = 200, **data: Any) -> HTMLResponse:
    """Return the page made from `template`, which gets viewer, settings, form token and the last action's note."""
    state = request.app.state
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    note = state.sessions.open_note(get_cookie(request, NOTE_COOKIE))
    page = state.templates.get_template(template).render(
        viewer=viewer,
        settings=state.settings,
        prefix=state.settings.prefix,
        form_token=state.sessions.form_token(viewer) if viewer else "",
        note=note,
        section=lambda: _section(request.url.path.removeprefix(state.settings.prefix)),
        help_pages=state.help_pages,
        course_title=_course_title(data.get("course")),
        **data,
    )
    response = HTMLResponse(page, status_code)
    if note:
        forget_cookie(response, state.settings, NOTE_COOKIE)
    return response


def _section(path: str) -> str:
    """Return which of the main pages `path` belongs to."""
    first = path.split("/")[0]
    first = {"questions": "grading", "reading": "grading", "insight": "class", "campus": "semester"}.get(first, first)
    return first if first in ("class", "grading", "semester", "board") else "" if first == "help" else "course"


def has_board(course: Any) -> bool:
    """Tell whether the course has entries to compare."""
    return isinstance(course, dict) and bool(course.get("board"))


def _course_title(course: Any) -> str:
    return course["title"] if isinstance(course, dict) else "TinyTorch"
