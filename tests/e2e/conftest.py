"""Fixtures for tests of the whole system in a browser against a real Hub."""

from tests.e2e.fixtures import hub, place  # noqa: F401
