"""The guides in docs/, readable from the home page: the students' guide for everybody, the staff's for staff."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub_config.home.guard import Asking, Looking, NoPage
from hub_config.home.markdown import as_html
from hub_config.home.views import render

router = APIRouter()
GUIDES = {"student": "Student guide", "ta": "TA guide", "instructor": "Instructor guide", "operator": "Operator guide"}
FOR_STAFF = ("ta", "instructor", "operator")


def find_guides(docs: Path) -> dict[str, str]:
    """Return name and title of the guides that exist."""
    return {name: title for name, title in GUIDES.items() if (docs / f"{name}.md").is_file()}


@router.get("/help/{name}")
async def guide(request: Request, name: str, viewer: Looking, ask: Asking) -> Response:
    """Show one guide."""
    guides = request.app.state.help_pages
    if name not in guides or (name in FOR_STAFF and not viewer.is_staff):
        raise NoPage(404, f"There is no guide called {name}", "Choose one at the foot of the page.")
    text = (request.app.state.settings.docs / f"{name}.md").read_text(encoding="utf-8")
    content = as_html(text)
    return render(request, "help.html", course=await ask.course(), title=guides[name], content=content, absent=[])
