"""Who may do what in the formgrader: one table, handler and method to scope; what is not in the table is refused.

TAs grade by hand (`read`, `grade`), instructors also run the lifecycle (`run`). Nobody
can change due dates and the roster here: they are in the semester file.
"""

from tito.grading.rights import GRADE, READ, RUN

GRADING_CHANGES = {
    ("GradeHandler", "PUT"), ("CommentHandler", "PUT"), ("FlagSubmissionHandler", "POST"),
    ("OpenAnswerHandler", "PUT"), ("OpenAnswerHandler", "DELETE"),
    ("SharedCommentsHandler", "POST"), ("UseCommentHandler", "PUT"), ("CommentsPageHandler", "POST"),
}  # fmt: skip
# nbgrader's own; `lifecycle` replaces them with the kinds of grading work, each with the right that its line names.
LIFECYCLE = {
    "AssignHandler", "ReleaseHandler", "UnReleaseHandler", "CollectHandler", "AutogradeHandler",
    "GenerateAllFeedbackHandler", "ReleaseAllFeedbackHandler", "GenerateFeedbackHandler", "ReleaseFeedbackHandler",
}  # fmt: skip
ELSEWHERE = {
    ("AssignmentHandler", "PUT"): "due dates are set in the semester file, and `tito semester apply` brings them here",
    ("StudentHandler", "PUT"): "students come from the roster in the semester file, through `tito semester apply`",
}
INSTRUCTOR_PAGES = {"AuditPageHandler", "AuditHandler"}


def needed_scope(handler: str, method: str) -> str | None:
    """Return the scope that a request needs, or None if nobody may make it."""
    if method in ("GET", "HEAD"):
        return RUN if handler in INSTRUCTOR_PAGES else READ
    if (handler, method) in GRADING_CHANGES:
        return GRADE
    if handler in LIFECYCLE and method == "POST":
        return RUN
    return None


def refusal(handler: str, method: str, scope: str | None, person: str) -> str:
    """Say why a request is refused and who or what can help."""
    if (handler, method) in ELSEWHERE:
        return f"this cannot be changed here: {ELSEWHERE[handler, method]}"
    if scope is None:
        return f"{method} is not possible here"
    return f"{person} lacks the right {scope}, which this needs: ask an instructor of the course"
