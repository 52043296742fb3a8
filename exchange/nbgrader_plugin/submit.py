"""`nbgrader submit` and the Assignment List's *Submit*."""

from pathlib import Path

from nbgrader.exchange import abc

from exchange.client import ReceiptFolder, submit_folder
from exchange.nbgrader_plugin.base import Exchange


class ExchangeSubmit(Exchange, abc.ExchangeSubmit):
    """Submit the declared files of an assignment's folder and keep the receipt."""

    def init_src(self) -> None:
        """Accept a path as nbgrader does: its last part is the assignment."""
        parts = (self.coursedir.course_id,) if self.path_includes_course else ()
        self.folder = Path(self.assignment_dir, *parts, self.coursedir.assignment_id).absolute()
        self.coursedir.assignment_id = self.folder.name

    def copy_files(self) -> None:
        """Send, and say plainly whether the work has arrived."""
        course, assignment = self.course, self.coursedir.assignment_id
        if not self.is_self(self.coursedir.student_id):
            self.fail(
                "You can submit only as yourself: your login decides who you are, "
                f"not --student={self.coursedir.student_id}"
            )
        self.log.info("Source: %s", self.folder)
        with self.asking() as client:
            done = submit_folder(
                client, course, assignment, self.folder, ReceiptFolder(), self.strict, self.log.warning
            )
        receipt = done.signed.receipt
        self._warn(done.left_out, done.missing)
        self.log.info("Submitted as: %s %s %s", course, assignment, self.timestamp_of(receipt.received_at))
        late = f", {receipt.lateness_seconds} s late" if receipt.late else ", on time"
        where = done.receipt_path or "the exchange (your home is full)"
        self.log.info("Your work has arrived: attempt %d%s; receipt: %s", receipt.attempt, late, where)

    def _warn(self, left_out: list[str], missing: list[str]) -> None:
        if left_out:
            self.log.warning("Not sent, because they are not part of the assignment: %s", ", ".join(left_out))
        if missing:
            self.log.warning("Possible missing notebooks: %s", ", ".join(missing))
