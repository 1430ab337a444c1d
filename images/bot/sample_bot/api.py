"""The HTTP API."""
import asyncio
import os
import re
import tempfile
from pathlib import Path

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from .database import add_interaction, answers, count_interactions
from .metrics import observe

INTERACTION_TYPES = ("like", "superlike", "pass")
PHOTO_BYTES = 5 * 1024 * 1024
# No leading dot and no slash: a name cannot leave the folder or meet a file that is being written.
PHOTO_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

routes = web.RouteTableDef()


def make_app(settings, pool, traffic) -> web.Application:
    app = web.Application(middlewares=[observe], client_max_size=PHOTO_BYTES)
    app.update(settings=settings, pool=pool, traffic=traffic)
    app.add_routes(routes)
    return app


@routes.get("/health")
async def health(request: web.Request) -> web.Response:
    if request.app["settings"].fault == "unhealthy":
        return web.json_response({"status": "unhealthy", "reason": "SAMPLE_BOT_FAULT"}, status=500)
    if not await answers(request.app["pool"]):
        return web.json_response({"status": "unhealthy", "reason": "the database does not answer"}, status=503)
    return web.json_response({"status": "healthy"})


@routes.get("/version")
async def version(request: web.Request) -> web.Response:
    return web.json_response({"name": "sample-bot", "version": request.app["settings"].version})


@routes.get("/metrics")
async def metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


@routes.post("/api/interactions")
async def post_interaction(request: web.Request) -> web.Response:
    try:
        body = await request.json()
    except ValueError:
        return bad_request("the body must be JSON")
    if not isinstance(body, dict):
        return bad_request("the body must be an object")
    user, target, kind = (body.get(name) for name in ("user_id", "target_id", "interaction_type"))
    # `type`, because True is an int too; the bound is that of the column.
    if not all(type(value) is int and 0 < value < 2**31 for value in (user, target)):
        return bad_request("user_id and target_id must be positive integers")
    if user == target:
        return bad_request("user_id and target_id must differ")
    if kind not in INTERACTION_TYPES:
        return bad_request(f"interaction_type must be one of {', '.join(INTERACTION_TYPES)}")
    row = await add_interaction(request.app["pool"], user, target, kind)
    if row is None:
        return web.json_response({"error": "this interaction is already there"}, status=409)
    return web.json_response({"id": row}, status=201)


@routes.get("/api/interactions/count")
async def get_count(request: web.Request) -> web.Response:
    return web.json_response({"count": await count_interactions(request.app["pool"])})


@routes.get("/api/slow")
async def slow(request: web.Request) -> web.Response:
    try:
        seconds = float(request.query.get("seconds", "1"))
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 60:
        return bad_request("seconds must be a number from 0 to 60")
    await asyncio.sleep(seconds)
    return web.json_response({"slept": seconds})


@routes.put("/api/photos/{name}")
async def put_photo(request: web.Request) -> web.Response:
    path = photo_path(request)
    content = await request.read()
    await asyncio.to_thread(write_whole, path, content)
    return web.json_response({"name": path.name, "bytes": len(content)}, status=201)


@routes.get("/api/photos/{name}")
async def get_photo(request: web.Request) -> web.StreamResponse:
    path = photo_path(request)
    if not path.is_file():
        raise web.HTTPNotFound()
    return web.FileResponse(path)


def photo_path(request: web.Request) -> Path:
    name = request.match_info["name"]
    if not PHOTO_NAME.fullmatch(name):
        raise web.HTTPBadRequest(reason="a photo's name is letters, digits, dot, dash and underscore")
    return Path(request.app["settings"].photo_storage_path) / name


def write_whole(path: Path, content: bytes) -> None:
    """A reader, or a bot that is stopped half-way, sees the old photo or the new one."""
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise


def bad_request(message: str) -> web.Response:
    return web.json_response({"error": message}, status=400)
