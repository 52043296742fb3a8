"""What an operator watches in addition to requests: submissions, uploads, how full the disk is. No names of people."""

from collections.abc import Callable

from exchange.hub import sight


class Metrics(sight.Metrics):
    def __init__(self, free_bytes: Callable[[], float]) -> None:
        super().__init__("exchange")
        self.submissions = self.counter("submissions", "Accepted submissions", ["course", "assignment", "late"])
        self.submission_bytes = self.counter("submission_bytes", "Bytes of accepted submissions")
        self.uploads = self.gauge("uploads_in_progress", "Uploads that are coming in")
        self.gauge("free_bytes", "Free bytes where blobs lie", free_bytes)
