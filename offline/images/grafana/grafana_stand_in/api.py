"""The part of Grafana's HTTP API with which a stack is deployed: status codes and bodies are Grafana's."""
import base64
import re
import secrets
from datetime import datetime, timezone
from html import escape
from typing import Any

from aiohttp import web

from .store import Document, Store

STORE = "store"
# Grafana's own numbers: pkg/services/loginattempt/loginattemptimpl/login_attempt.go.
MOST_WRONG_LOGINS = 5
LOCK_SECONDS = 5 * 60
routes = web.RouteTableDef()


class Refused(Exception):
    """An answer other than success, in Grafana's form."""

    def __init__(self, status: int, message: str, /, **more: str | int) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, **more}


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


@web.middleware
async def answer_refusals(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        return web.json_response(refused.body, status=refused.status)


@web.middleware
async def require_administrator(request: web.Request, handler: Any) -> web.StreamResponse:
    if request.path.startswith("/api/") and request.path != "/api/health":
        header = request.headers.get("Authorization", "")
        if not header.startswith("Basic "):
            raise Refused(401, "Unauthorized", messageId="session.token.rotate", statusCode=401)
        user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        store = request.app[STORE]
        # Who was wrong too often is not asked any more, and a right password is as wrong as any; nor does a new one help.
        locked = store.wrong_logins(user, LOCK_SECONDS) >= MOST_WRONG_LOGINS
        if locked or user != "admin" or not store.is_password(password):
            if not locked:
                store.add_wrong_login(user)
            raise Refused(401, "Invalid username or password", messageId="password-auth.failed", statusCode=401)
        store.forget_wrong_logins(user)
    return await handler(request)


async def body_of(request: web.Request) -> Document:
    try:
        body = await request.json()
    except ValueError:
        raise Refused(400, "bad request data") from None
    if not isinstance(body, dict):
        raise Refused(400, "bad request data")
    return body


def uid_of(given: Any) -> str:
    uid = given or secrets.token_urlsafe(10)
    if not isinstance(uid, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", uid):
        raise Refused(400, "uid contains illegal characters")
    if len(uid) > 40:
        raise Refused(400, "uid too long, max 40 characters")
    return uid


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def found(store: Store, kind: str, uid: str, message: str) -> Document:
    document = store.get(kind, uid)
    if document is None:
        raise Refused(404, message)
    return document


@routes.get("/api/health")
async def health(request: web.Request) -> web.Response:
    return web.json_response({"commit": "stand-in", "database": "ok", "version": "13.2.3"})


@routes.get("/api/folders")
async def list_folders(request: web.Request) -> web.Response:
    return web.json_response(
        [{name: folder[name] for name in ("id", "uid", "title")} for folder in request.app[STORE].all("folder")]
    )


def check_folder(store: Store, title: Any, uid: str) -> str:
    if not title or not isinstance(title, str):
        raise Refused(400, "folder title cannot be empty")
    if any(other["title"] == title and other["uid"] != uid for other in store.all("folder")):
        raise Refused(409, "a folder with the same name already exists in the current location")
    return title


def folder_content(uid: str, title: str, version: int) -> Document:
    return {
        **{"uid": uid, "orgId": 1, "title": title, "url": f"/dashboards/f/{uid}/{slug(title)}", "version": version},
        **{"hasAcl": False, "canSave": True, "canEdit": True, "canAdmin": True, "canDelete": True},
    }


@routes.post("/api/folders")
async def create_folder(request: web.Request) -> web.Response:
    body, store = await body_of(request), request.app[STORE]
    uid = uid_of(body.get("uid"))
    title = check_folder(store, body.get("title"), uid)
    if store.get("folder", uid):
        raise Refused(409, "a folder with the same UID already exists")
    return web.json_response(store.put("folder", uid, folder_content(uid, title, 1)))


@routes.get("/api/folders/{uid}")
async def read_folder(request: web.Request) -> web.Response:
    return web.json_response(found(request.app[STORE], "folder", request.match_info["uid"], "folder not found"))


@routes.put("/api/folders/{uid}")
async def update_folder(request: web.Request) -> web.Response:
    body, store, uid = await body_of(request), request.app[STORE], request.match_info["uid"]
    before = found(store, "folder", uid, "folder not found")
    title = check_folder(store, body.get("title"), uid)
    if not body.get("overwrite") and body.get("version") != before["version"]:
        raise Refused(412, "the folder has been changed by someone else", status="version-mismatch")
    return web.json_response(store.put("folder", uid, folder_content(uid, title, before["version"] + 1)))


@routes.delete("/api/folders/{uid}")
async def delete_folder(request: web.Request) -> web.Response:
    store, uid = request.app[STORE], request.match_info["uid"]
    found(store, "folder", uid, "folder not found")
    if any(rule["folderUID"] == uid for rule in store.all("rule")):
        raise Refused(400, "folder cannot be deleted: folder contains alert rules")
    for dashboard in store.all("dashboard"):
        if dashboard["folderUid"] == uid:
            store.delete("dashboard", dashboard["uid"])
    store.delete("folder", uid)
    # Up to version 10 there is no answer but the status.
    return web.Response()


def check_data_source(store: Store, body: Document, uid: str) -> None:
    for name in ("name", "type", "access"):
        if not body.get(name):
            raise Refused(400, "bad request data")
    if any(other["name"] == body["name"] and other["uid"] != uid for other in store.all("datasource")):
        raise Refused(409, "data source with the same name already exists")


def save_data_source(store: Store, uid: str, body: Document, version: int) -> Document:
    if body.get("isDefault"):
        for other in store.all("datasource"):
            if other["uid"] != uid and other["isDefault"]:
                store.put("datasource", other["uid"], {**other, "isDefault": False})
    known = ("name", "type", "access", "url", "user", "database", "basicAuth", "basicAuthUser", "isDefault")
    empty = {"url": "", "user": "", "database": "", "basicAuth": False, "basicAuthUser": "", "isDefault": False}
    content = {**empty, **{name: body[name] for name in known if name in body}}
    fields = {name: True for name in body.get("secureJsonData") or {}}
    more = {"orgId": 1, "uid": uid, "version": version, "readOnly": False, "withCredentials": False, "typeLogoUrl": ""}
    return store.put(
        "datasource", uid, {**content, **more, "jsonData": body.get("jsonData") or {}, "secureJsonFields": fields}
    )


@routes.get("/api/datasources")
async def list_data_sources(request: web.Request) -> web.Response:
    return web.json_response(request.app[STORE].all("datasource"))


@routes.post("/api/datasources")
async def create_data_source(request: web.Request) -> web.Response:
    body, store = await body_of(request), request.app[STORE]
    uid = uid_of(body.get("uid"))
    check_data_source(store, body, uid)
    if store.get("datasource", uid):
        raise Refused(409, "data source with the same uid already exists")
    saved = save_data_source(store, uid, body, 1)
    return web.json_response(
        {"datasource": saved, "id": saved["id"], "message": "Datasource added", "name": saved["name"]}
    )


@routes.get("/api/datasources/uid/{uid}")
async def read_data_source(request: web.Request) -> web.Response:
    uid = request.match_info["uid"]
    return web.json_response(found(request.app[STORE], "datasource", uid, "Data source not found"))


@routes.put("/api/datasources/uid/{uid}")
async def update_data_source(request: web.Request) -> web.Response:
    body, store, uid = await body_of(request), request.app[STORE], request.match_info["uid"]
    before = found(store, "datasource", uid, "Data source not found")
    check_data_source(store, body, uid)
    saved = save_data_source(store, uid, body, before["version"] + 1)
    return web.json_response(
        {"datasource": saved, "id": saved["id"], "message": "Datasource updated", "name": saved["name"]}
    )


@routes.delete("/api/datasources/uid/{uid}")
async def delete_data_source(request: web.Request) -> web.Response:
    store, uid = request.app[STORE], request.match_info["uid"]
    source = found(store, "datasource", uid, "Data source not found")
    store.delete("datasource", uid)
    return web.json_response({"id": source["id"], "message": "Data source deleted"})


@routes.post("/api/dashboards/db")
async def save_dashboard(request: web.Request) -> web.Response:
    body, store = await body_of(request), request.app[STORE]
    model = body.get("dashboard")
    if not isinstance(model, dict):
        raise Refused(400, "bad request data")
    if not model.get("title"):
        raise Refused(400, "Dashboard title cannot be empty", status="empty-name")
    by_number = None
    if model.get("id"):
        # One that was deleted and made again has another number.
        by_number = next((known for known in store.all("dashboard") if known["id"] == model["id"]), None)
        if by_number is None:
            raise Refused(404, "Dashboard not found", status="not-found")
    uid = uid_of(model.get("uid") or (by_number or {}).get("uid"))
    folder_uid = body.get("folderUid") or ""
    if folder_uid:
        found(store, "folder", folder_uid, "folder not found")
    before = store.get("dashboard", uid) or by_number
    if before and by_number and before["id"] != by_number["id"]:
        raise Refused(400, "A dashboard with the same uid already exists")
    if before and before["uid"] != uid:
        store.rename("dashboard", before["uid"], uid)
    if before and not body.get("overwrite"):
        if not model.get("id"):
            raise Refused(412, "A dashboard with the same uid already exists", status="name-exists")
        if model.get("version") != before["version"]:
            raise Refused(412, "The dashboard has been changed by someone else", status="version-mismatch")
    version = before["version"] + 1 if before else 1
    saved_as = {
        **{"version": version, "created": now(), "createdBy": "admin", "message": body.get("message") or ""},
        **{"uid": uid, "parentVersion": version - 1, "restoredFrom": 0},
    }
    content = {
        **{"uid": uid, "folderUid": folder_uid, "version": version, "model": {**model, "uid": uid}},
        "versions": [saved_as, *(before or {}).get("versions", [])][:20],
    }
    saved = store.put("dashboard", uid, content)
    title = slug(model["title"])
    return web.json_response(
        {
            **{"folderUid": folder_uid, "id": saved["id"], "slug": title, "status": "success", "uid": uid},
            **{"url": f"/d/{uid}/{title}", "version": version},
        }
    )


@routes.get("/api/dashboards/uid/{uid}")
async def read_dashboard(request: web.Request) -> web.Response:
    store, uid = request.app[STORE], request.match_info["uid"]
    saved = found(store, "dashboard", uid, "Dashboard not found")
    title = slug(saved["model"]["title"])
    folder = store.get("folder", saved["folderUid"]) if saved["folderUid"] else None
    meta = {
        **{"type": "db", "isFolder": False, "slug": title, "url": f"/d/{uid}/{title}", "version": saved["version"]},
        **{"folderUid": saved["folderUid"], "folderTitle": folder["title"] if folder else "General"},
        **{"canSave": True, "canEdit": True, "canAdmin": True, "canDelete": True, "provisioned": False},
    }
    model = {**saved["model"], "id": saved["id"], "version": saved["version"]}
    return web.json_response({"meta": meta, "dashboard": model})


def version_of(saved: Document, version: Document) -> Document:
    return {"id": version["version"], "dashboardId": saved["id"], **version}


@routes.get("/api/dashboards/uid/{uid}/versions")
async def read_versions(request: web.Request) -> web.Response:
    saved = found(request.app[STORE], "dashboard", request.match_info["uid"], "Dashboard not found")
    versions = [version_of(saved, version) for version in saved.get("versions", [])]
    for version in versions:
        # Whatever it was saved with: only the version itself tells.
        if version["parentVersion"] == 0:
            version["message"] = "Initial save"
    return web.json_response({"continueToken": "", "versions": versions[: int(request.query.get("limit", 1000))]})


@routes.get("/api/dashboards/uid/{uid}/versions/{number}")
async def read_version(request: web.Request) -> web.Response:
    saved = found(request.app[STORE], "dashboard", request.match_info["uid"], "Dashboard not found")
    for version in saved.get("versions", []):
        if str(version["version"]) == request.match_info["number"]:
            return web.json_response(version_of(saved, version))
    raise Refused(404, "Dashboard version not found")


@routes.delete("/api/dashboards/uid/{uid}")
async def delete_dashboard(request: web.Request) -> web.Response:
    store, uid = request.app[STORE], request.match_info["uid"]
    saved = found(store, "dashboard", uid, "Dashboard not found")
    store.delete("dashboard", uid)
    title = saved["model"]["title"]
    return web.json_response({"id": saved["id"], "message": f"Dashboard {title} deleted", "title": title})


@routes.post("/api/v1/provisioning/alert-rules")
async def create_rule(request: web.Request) -> web.Response:
    body, store = await body_of(request), request.app[STORE]
    for name in ("title", "folderUID", "ruleGroup"):
        if not body.get(name):
            raise Refused(400, "invalid alert rule")
    uid = uid_of(body.get("uid"))
    return web.json_response(store.put("rule", uid, {**body, "uid": uid}), status=201)


@routes.get("/api/v1/provisioning/alert-rules/{uid}")
async def read_rule(request: web.Request) -> web.Response:
    return web.json_response(found(request.app[STORE], "rule", request.match_info["uid"], "alert rule not found"))


@routes.get("/api/search")
async def search(request: web.Request) -> web.Response:
    store, query = request.app[STORE], request.query
    kind, folders = query.get("type"), query.getall("folderUIDs", [])
    hits = []
    if kind != "dash-db":
        for folder in store.all("folder"):
            hits.append({**{name: folder[name] for name in ("id", "uid", "title", "url")}, "type": "dash-folder"})
    if kind != "dash-folder":
        for dashboard in store.all("dashboard"):
            uid, title = dashboard["uid"], dashboard["model"]["title"]
            hit = {"id": dashboard["id"], "uid": uid, "title": title, "url": f"/d/{uid}/{slug(title)}"}
            hits.append({**hit, "type": "dash-db", "folderUid": dashboard["folderUid"], "tags": []})
    wanted = query.get("query", "").lower()
    return web.json_response(
        [
            hit
            for hit in hits
            if wanted in hit["title"].lower() and (not folders or hit.get("folderUid") in folders)
        ]
    )


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    store = request.app[STORE]
    return web.Response(text=f"grafana_stat_totals_dashboard {len(store.all('dashboard'))}\n")


@routes.get("/")
async def page(request: web.Request) -> web.Response:
    dashboards = request.app[STORE].all("dashboard")
    titles = "".join(f"<li>{escape(dashboard['model']['title'])}</li>" for dashboard in dashboards)
    return web.Response(
        content_type="text/html",
        text="<!doctype html><title>Stand-in for Grafana</title><h1>This is not Grafana</h1>"
        "<p>It is a stand-in that keeps data sources, folders and dashboards and draws nothing. Where"
        f" grafana/grafana can be pulled, the real one is here.</p><ul>{titles}</ul>",
    )


def application(store: Store) -> web.Application:
    app = web.Application(middlewares=[answer_refusals, require_administrator])
    app[STORE] = store
    app.add_routes(routes)
    return app
