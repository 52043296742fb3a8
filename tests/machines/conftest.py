"""Provides the fixture `until` of the grading service's tests."""

from tests.grading_service.conftest import until

__all__ = ["until"]
