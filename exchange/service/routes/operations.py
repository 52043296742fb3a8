"""Health, metrics, public keys."""

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST

from exchange.protocol import API_VERSION, scopes
from exchange.protocol.models import PublicKey, Refused
from exchange.service.context import CallerDep, ServiceDep

router = APIRouter()


@router.get("/health")
def get_health(service: ServiceDep) -> dict[str, str]:
    """Tell whether the service can read its database and has room to store; 503 or 507 if not."""
    service.database.check()
    service.check_room()
    return {"status": "ok", "time": service.now()}


@router.get(
    "/metrics", responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}, response_class=Response
)
def get_metrics(service: ServiceDep, caller: CallerDep) -> Response:
    """Return Prometheus metrics, to operators and to anyone who may read the Hub's own."""
    if not caller.scopes & {scopes.ADMIN, "read:metrics"}:
        rule = f"the token has neither the scope {scopes.ADMIN} nor read:metrics"
        raise Refused(rule, caller.name, "use a service token", 403)
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get(f"/api/{API_VERSION}/keys")
def get_keys(service: ServiceDep) -> list[PublicKey]:
    """List the public keys that verify receipts, the active one first; open to everybody."""
    return service.keyring.public_keys()
