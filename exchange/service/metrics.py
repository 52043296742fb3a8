"""What an operator watches: counts, durations, and how full the disk is. No names of people."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """One registry per application, so that tests and a second service in a process do not share counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "exchange_requests", "Answered requests", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "exchange_request_seconds", "Time to answer", ["route"], buckets=SECONDS, registry=self.registry
        )
        self.submissions = Counter(
            "exchange_submissions", "Accepted submissions", ["course", "assignment", "late"], registry=self.registry
        )
        self.submission_bytes = Counter(
            "exchange_submission_bytes", "Bytes of accepted submissions", registry=self.registry
        )
        self.uploads = Gauge("exchange_uploads_in_progress", "Uploads that are coming in", registry=self.registry)
        self.free_bytes = Gauge("exchange_free_bytes", "Free bytes where blobs lie", registry=self.registry)

    def text(self, free_bytes: int) -> bytes:
        """Write all metrics in Prometheus' text format."""
        self.free_bytes.set(free_bytes)
        return generate_latest(self.registry)
