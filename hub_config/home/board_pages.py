"""The leaderboard: everybody's page, its table as a file, and the buttons for taking part and for moderating."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from hub_config.home.actions import back
from hub_config.home.board_view import HEIGHT, WIDTH, picture, read_events, read_line
from hub_config.home.guard import Asking, Looking, NoPage, check_form, find_grader
from hub_config.home.neighbours import Missing, gather
from hub_config.home.views import clock_for, render

router = APIRouter()
forms = APIRouter(dependencies=[Depends(check_form)])


@router.get("/board")
async def board(request: Request, viewer: Looking, ask: Asking) -> Response:
    """Show events, the picture of the class, and the viewer's own path."""
    got = await gather(course=ask.course(), board=ask.board())
    course, shown = got["course"], got["board"]
    absent = [each for each in (course, shown) if isinstance(each, Missing)]
    if isinstance(shown, Missing):
        return render(request, "board.html", course=course, board=None, absent=absent)
    clock = clock_for(course)
    points = [read_line(row, clock) for row in shown["points"]]
    data: dict[str, Any] = {
        "board": shown, "due": clock.moment(shown["due"]), "events": read_events(shown, clock), "points": points,
        "picture": picture(points), "own": [read_line(row, clock) for row in shown["mine"]["entries"]],
        "size": (WIDTH, HEIGHT),
    }  # fmt: skip
    return render(request, "board.html", course=course, absent=absent, **data)


@router.get("/board.csv")
async def table(viewer: Looking, ask: Asking) -> Response:
    """Return the events as a table; the staff's table has user names."""
    answer = await ask.board_csv()
    if isinstance(answer, Missing):
        status = 503 if answer.is_unreachable else answer.status
        raise NoPage(status, f"The {answer.service} service: {answer.reason}", "Try again, or go back to the board.")
    headers = {"Content-Disposition": 'attachment; filename="leaderboard.csv"'}
    return Response(answer, media_type="text/csv", headers=headers)


@forms.post("/board/join")
async def join(request: Request, ask: Asking, pseudonym: Annotated[str, Form(max_length=90)]) -> Response:
    """Join, or choose another name."""
    return back(request, "board", await ask.join_board(pseudonym), "You are on the board.")


@forms.post("/board/leave")
async def leave(request: Request, ask: Asking) -> Response:
    """Leave the board."""
    return back(request, "board", await ask.leave_board(), "You have left the board. You may join again.")


@forms.post("/board/withdraw")
async def withdraw(request: Request, ask: Asking, submission: Annotated[str, Form(max_length=100)]) -> Response:
    """Take one entry out of all events."""
    return back(request, "board", await ask.withdraw_entry(submission), "The entry was withdrawn.")


@forms.post("/board/remove", dependencies=[Depends(find_grader)])
async def remove(request: Request, ask: Asking, student: Annotated[str, Form(max_length=255)]) -> Response:
    """Remove a pseudonym."""
    done = "The pseudonym was removed; its owner may choose another."
    return back(request, "board", await ask.remove_from_board(student), done)
