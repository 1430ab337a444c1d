"""Prometheus metrics, and the middleware that counts, logs and follows each request."""
import logging
import time
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import Counter, Gauge, Histogram

from .database import POOL_SIZE, UNAVAILABLE
from .logs import event

log = logging.getLogger(__name__)

REQUESTS = Counter("http_requests_total", "Requests answered", ["method", "path", "status"])
LATENCY = Histogram("http_request_duration_seconds", "Time to answer", ["method", "path", "status"])
IN_FLIGHT = Gauge("http_requests_in_flight", "Requests being answered")
POOL_MAX = Gauge("db_pool_connections_max", "Connections that the pool may open")
POOL_OPEN = Gauge("db_pool_connections", "Open connections")
POOL_IDLE = Gauge("db_pool_connections_idle", "Open connections that nobody uses")
INFO = Gauge("sample_bot_info", "Always 1; the label says which version runs", ["version"])

# Asked every few seconds by machines: in the log they would drown what people do.
QUIET = {"/health", "/metrics"}


@dataclass
class Traffic:
    """What the shutdown needs to know, and says."""

    in_flight: int = 0
    draining: bool = False


def watch(pool, traffic: Traffic) -> None:
    IN_FLIGHT.set_function(lambda: traffic.in_flight)
    POOL_MAX.set(POOL_SIZE)
    POOL_OPEN.set_function(pool.get_size)
    POOL_IDLE.set_function(pool.get_idle_size)


@web.middleware
async def observe(request: web.Request, handler):
    begin = time.monotonic()
    traffic = request.app["traffic"]
    traffic.in_flight += 1
    # The route, not the address: a label for each photo's name would be one series for each photo.
    resource = request.match_info.route.resource
    path = resource.canonical if resource else "unknown"
    status = 500
    try:
        response = await handler(request)
        status = response.status
        if traffic.draining:
            response.force_close()
        return response
    except web.HTTPException as answer:
        status = answer.status
        return web.json_response({"error": answer.reason}, status=status)
    except UNAVAILABLE as error:
        status = 503
        log.warning("the database is not available", **event("database_unavailable", error=type(error).__name__))
        return web.json_response({"error": "the database is not available"}, status=status)
    except Exception:
        log.exception("the request failed", **event("request_failed", path=path))
        return web.json_response({"error": "internal error"}, status=status)
    finally:
        traffic.in_flight -= 1
        seconds = time.monotonic() - begin
        REQUESTS.labels(request.method, path, status).inc()
        LATENCY.labels(request.method, path, status).observe(seconds)
        if path not in QUIET:
            fields = {"method": request.method, "path": path, "status": status, "duration_seconds": round(seconds, 4)}
            log.info("%s %s %d", request.method, path, status, **event("http_request", **fields))
