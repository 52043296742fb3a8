"""The single table of all commands, which `tito --help`, the shell and the docs list.

A command is offered only if its code is installed: the student's wheel leaves out whole folders, and with them the
staff's commands.
"""

from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Command:
    """One command: its name, the place of its click command (`module:attribute`), one line of help, and who has it."""

    name: str
    target: str
    help: str
    who: str  # "student": everybody has it; "staff": only the course tree

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(self.name.split())

    def is_here(self) -> bool:
        """Return whether the command's file is installed, without importing it."""
        parts = self.target.partition(":")[0].split(".")[1:]
        place = _HERE.joinpath(*parts)
        return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


GROUPS = {
    "module": "Work on a module: start, test, complete.",
    "test": "Test what spans several modules.",
    "milestone": "Reproduce historical results with your own framework.",
    "receipt": "Read and verify receipts of submissions.",
    "nbgrader": "Make notebooks for nbgrader.",
    "package": "Pack the framework, yours or the course's.",
    "image": "Build container images.",
    "grade": "Judge submissions and make feedback.",
    "semester": "Plan and run a semester.",
    "campus": "Exchange roster and grades with a learning platform.",
    "grades": "Follow scores to the learning platform.",
    "insight": "See how the course is doing, and delete recorded events.",
}


def _table(who: str, *rows: tuple[str, str, str]) -> list[Command]:
    return [Command(name, target, text, who) for name, target, text in rows]


COMMANDS: list[Command] = [
    *_table(
        "student",
        ("module start", "tito.student.module_commands:start", "Put a module's notebook into your home."),
        ("module test", "tito.student.module_commands:test", "Run a module's visible tests on your notebook."),
        ("module complete", "tito.student.module_commands:complete", "Make your code importable as tinytorch."),
        ("module status", "tito.student.module_commands:status", "Show your progress in each module."),
        ("module reset", "tito.student.module_commands:reset", "Start a notebook again; a copy of yours is kept."),
        ("module update", "tito.student.update_command:update", "Apply a correction and keep your answers."),
        (
            "module history",
            "tito.student.history_commands:history",
            "List the versions of your notebook, or compare one.",
        ),
        ("module restore", "tito.student.history_commands:restore", "Restore a version, or one cell of it."),
        ("hint", "tito.student.hint_commands:hint", "Open the next hint for an exercise."),
        ("ask", "tito.student.question_commands:ask", "Ask the staff about an exercise, with your notebook attached."),
        ("questions", "tito.student.question_commands:questions", "Show your questions and the answers."),
        ("module unlock", "tito.student.unlock:unlock", "Fetch the reference of a module you could not finish."),
        ("test integration", "tito.student.test_commands:integration", "Test that your modules work together."),
        ("status", "tito.student.status:status", "Show what is done, what is due and what comes next."),
        ("milestone list", "tito.student.milestone:list_milestones", "List milestones and what they need."),
        ("milestone run", "tito.student.milestone:run", "Run a milestone with your own framework."),
        ("milestone status", "tito.student.milestone:status", "Show which milestones were reached."),
        ("milestone submit", "tito.student.milestone:submit", "Hand in your package for a milestone's points."),
        ("package export", "tito.student.package_commands:export", "Pack your own framework into a wheel."),
        ("package import", "tito.student.package_commands:import_", "Import your modules from another semester."),
        ("fetch", "tito.student.exchange_commands:fetch", "Fetch released modules from the course."),
        ("submit", "tito.student.exchange_commands:submit", "Submit a module and keep the receipt."),
        ("feedback", "tito.student.exchange_commands:feedback", "Fetch feedback on what you submitted."),
        (
            "download",
            "tito.student.download_command:download",
            "Pack all your work, receipts and feedback to take with you.",
        ),
        ("receipt list", "tito.student.receipt:list_receipts", "List the receipts of your submissions."),
        ("receipt show", "tito.student.receipt:show", "Show one receipt."),
        ("receipt verify", "tito.student.receipt:verify", "Verify a receipt using only the public key."),
    ),
    *_table(
        "staff",
        ("export", "tito.staff.export_command:export", "Generate tinytorch/core from the course's modules."),
        ("module lint", "tito.staff.lint:lint", "Check a module's anatomy and its test cells."),
        ("module audit", "tito.staff.audit:audit", "Check that a module's tests catch wrong solutions."),
        ("nbgrader generate", "tito.staff.nbgrader:generate", "Make staff and release notebooks of modules."),
        ("package build", "tito.staff.package_commands:build", "Build the student's or the worker's wheel."),
        (
            "package environments",
            "tito.staff.package_commands:environments",
            "Make the student and worker environments.",
        ),
        ("image build", "tito.staff.image:build", "Build container images."),
        ("grade autograde", "tito.grading.commands:autograde", "Judge collected submissions."),
        ("grade void", "tito.grading.correction_commands:void", "Give everybody the points of a faulty check."),
        ("grade regrade", "tito.grading.correction_commands:regrade", "Judge a module again with corrected tests."),
        ("grade explain", "tito.grading.commands:explain", "Explain why a submission got its points."),
        ("grade feedback", "tito.grading.commands:feedback", "Make feedback for graded submissions."),
        ("grade status", "tito.grading.commands:status", "Show what is judged and what is waiting."),
        ("grade reading", "tito.grading.reading_commands:reading", "Show how many answers have been read."),
        ("grade share", "tito.grading.reading_commands:share", "Divide the unread answers among the readers."),
        ("grade handover", "tito.grading.reading_commands:handover", "Hand a share of the reading to somebody else."),
        ("grade workers", "tito.grading.worker_commands:workers", "Show the workers, and what each is doing."),
        ("grade certificates", "tito.machines.commands:certificates", "Make certificates for distributed judging."),
        ("grade scheduler", "tito.machines.commands:scheduler", "Run the scheduler for judges on other machines."),
        ("grade worker", "tito.machines.commands:worker", "Judge on this machine for a course elsewhere."),
        ("grade export", "tito.grading.commands:export", "Write the grades as a table."),
        ("grade points", "tito.semester.points_commands:points", "Enter a list of points that were given elsewhere."),
        ("semester check", "tito.semester.commands:check", "Check a semester file, and name faulty lines."),
        ("semester demo", "tito.semester.commands:demo", "Write a semester file for trying everything out."),
        ("semester next", "tito.semester.commands:next_", "Write next term's semester file from this one."),
        ("semester roster", "tito.semester.commands:roster", "Show what a class list contains, and convert it."),
        ("semester plan", "tito.semester.commands:plan", "Show what applying a semester file would change."),
        ("semester apply", "tito.semester.commands:apply", "Apply the semester file to Hub, exchange and gradebook."),
        ("semester freeze", "tito.semester.end_commands:freeze", "End a course: it can be read, but not changed."),
        ("semester unfreeze", "tito.semester.end_commands:unfreeze", "Unfreeze a course."),
        ("semester archive", "tito.semester.archive_commands:archive", "Write the course into one file, and check it."),
        (
            "semester verify",
            "tito.semester.archive_commands:verify",
            "Check an archive, from its first byte to its last.",
        ),
        ("semester delete", "tito.semester.delete_command:delete", "Delete a frozen and archived course."),
        ("semester surveys", "tito.semester.survey_commands:surveys", "Show what students said in surveys."),
        ("campus status", "tito.campus.commands:status", "Show what is linked with the learning platform."),
        ("campus link", "tito.campus.commands:link", "Link the platform's course to this one."),
        ("campus roster", "tito.campus.commands:roster", "Take the roster from the platform's members."),
        ("campus grades status", "tito.campus.commands:grades_status", "Show which scores the platform has."),
        ("campus grades send", "tito.campus.commands:grades_send", "Send waiting and refused scores now."),
        ("campus forget", "tito.campus.commands:forget", "Forget what is known about a frozen course at the platform."),
        ("campus keys", "tito.campus.commands:keys", "Change the key that signs messages to the platform."),
        ("insight show", "tito.insight.commands:show", "Show the course's numbers, by module or by check."),
        ("insight list", "tito.insight.commands:list_students", "List the students behind a number."),
        ("insight similar", "tito.insight.similar_command:similar", "List answers that share passages, for review."),
        ("insight report", "tito.insight.commands:report", "Compare the semester with the course's goals."),
        ("insight forget", "tito.insight.commands:forget", "Delete what students' servers reported."),
        ("semester status", "tito.semester.commands:status", "Show where the semester stands."),
    ),
]


def available() -> list[Command]:
    """List the commands whose code is installed here, in the table's order."""
    return [command for command in COMMANDS if command.is_here()]
