"""The routes. A handler checks who may ask, finds what is meant, and does one thing."""

from fastapi import APIRouter, Depends

from exchange.protocol import API_VERSION
from exchange.service.freezing import refuse_changes
from exchange.service.routes import (
    assignments,
    courses,
    events,
    late_days,
    operations,
    questions,
    releases,
    submissions,
    unlocks,
)


def api_router() -> APIRouter:
    """Collect all routes below the service's prefix."""
    router = APIRouter()
    router.include_router(operations.router)
    for part in (courses, assignments, late_days, releases, submissions, unlocks, questions, events):
        router.include_router(part.router, prefix=f"/api/{API_VERSION}", dependencies=[Depends(refuse_changes)])
    return router
