"""The page from a real daemon: its files, and logins from their link to their end."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from support.daemons import Daemon
from support.wire_client import WireClient, attach
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from holdfast.daemon.front.page import web_folder
from holdfast.daemon.front.routes import ROUTES, match

CUT_WITHIN_S = 1.0
SOME_ID = "3f2b8c1e-0000-4000-8000-000000000000"
EXAMPLES = {"asset": "/assets/main.js", "tty_socket": "/tty/ws", "tty_token": "/tty/token"}


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["code"]) if self.body else ""


# Files


def test_the_page_and_its_files(daemon: Daemon) -> None:
    """Page and files come without a credential, packed where wanted, with the policy, and as a 304 the next time."""
    folder = web_folder()
    assert folder is not None
    page = request(daemon, "GET", "/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.body == (folder / "index.html").read_bytes()
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "set-cookie" not in page.headers
    script = request(daemon, "GET", "/assets/vendor/xterm.mjs", {"Accept-Encoding": "gzip, deflate, br, zstd"})
    assert (script.status, script.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert script.headers["content-encoding"] == "gzip"
    assert gzip.decompress(script.body) == (folder / "vendor" / "xterm.mjs").read_bytes()
    again = request(daemon, "GET", "/assets/vendor/xterm.mjs", {"If-None-Match": script.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    head = request(daemon, "HEAD", "/")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(page.body)))
    assert request(daemon, "GET", "/", {"Host": f"evil.example:{daemon.port}"}).status == 421
    assert request(daemon, "GET", "/", {"Origin": "https://evil.example"}).status == 403


def test_only_the_page_is_served(daemon: Daemon) -> None:
    """No path leads out of the page's folder, nor to what is in it and no part of the page."""
    for path in (
        *("/assets/../cli/main.py", "/assets/../../pyproject.toml", "/assets//etc/passwd", "/assets/..%2fattach.py"),
        *("/assets/%2e%2e/attach.py", "/assets/.%2e/attach.py", "/assets/vendor/%2e%2e%2f%2e%2e%2fattach.py"),
        *("/assets/vendor/../../attach.py", "/assets/..\\attach.py", "/assets/vendor", "/assets/vendor/", "/assets/"),
        *("/assets/vendor/vendor.json", "/assets/vendor/xterm.d.mts", "/assets/vendor/xterm.LICENSE"),
        *("/assets/index.html", "/index.html", "/assets/main.js%00.css", "/assets/./main.js", "//assets/main.js"),
    ):
        for authorization in ({}, {"Authorization": f"Bearer {daemon.token}"}):
            answer = request(daemon, "GET", path, authorization)
            assert (path, answer.status) == (path, 404 if authorization or answer.status == 404 else 401)
            assert b"import" not in answer.body
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert request(daemon, method, "/assets/main.js").status == 401
    assert "Traceback" not in daemon.log


def test_every_answer_keeps_itself_in(daemon: Daemon) -> None:
    """Nothing that a daemon answers can be a page, a script or a frame of anything; data are never kept."""
    session_id = daemon.request("POST", "/api/sessions")[1]["session_id"]
    for path in (
        *("/healthz", "/api/sessions", "/no/such/route", f"/api/sessions/{session_id}/log"),
        *(f"/api/sessions/{session_id}/log?plain=1", f"/api/sessions/{session_id}/screen"),
    ):
        for headers in ({}, {"Authorization": f"Bearer {daemon.token}"}):
            answer = request(daemon, "GET", path, headers)
            assert "default-src 'none'" in answer.headers["content-security-policy"], path
            assert "sandbox" in answer.headers["content-security-policy"], path
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"


# Logins


def test_a_login_from_its_code_to_its_end(daemon: Daemon) -> None:
    """A code becomes a cookie, which opens what the token opens and survives a crash of the daemon, until logout."""
    status, made = daemon.request("POST", "/api/logins")
    assert (status, set(made), made["expires_in"]) == (201, {"code", "expires_in"}, 300)
    answer = redeem(daemon, made["code"])
    assert (answer.status, answer.body) == (204, b"")
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert (cookie["path"], cookie["samesite"], cookie["httponly"], cookie["secure"]) == ("/", "Strict", True, "")
    assert (cookie["domain"], int(cookie["max-age"])) == ("", 30 * 86400)
    assert len(cookie.value) >= 43
    login = {"Cookie": f"{cookie.key}={cookie.value}"}
    session_id = json.loads(request(daemon, "POST", "/api/sessions", own_page(daemon, login)).body)["session_id"]
    daemon.kill()
    daemon.start()
    (session,) = json.loads(request(daemon, "GET", "/api/sessions", login).body)["sessions"]
    assert session["session_id"] == session_id
    ended = request(daemon, "POST", "/api/logout", own_page(daemon, login))
    assert ended.status == 204
    (gone,) = SimpleCookie(ended.headers["set-cookie"]).values()
    assert (gone.key, gone.value, gone["max-age"]) == (cookie.key, "", "0")
    for headers in (login, own_page(daemon, login)):
        refused = request(daemon, "GET", "/api/sessions", headers)
        assert (refused.status, refused.code) == (401, "unauthorized")
    daemon.restart()
    assert request(daemon, "GET", "/api/sessions", login).status == 401
    text = (daemon.home / "data" / "logins.json").read_text()
    assert cookie.value not in text
    assert made["code"] not in daemon.log
    assert cookie.value not in daemon.log


def test_a_page_behind_tls_gets_a_secure_cookie(daemon: Daemon) -> None:
    """Where the page was loaded by https, its cookie never goes over http."""
    answer = redeem(daemon, new_code(daemon), {"Origin": f"https://127.0.0.1:{daemon.port}"})
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert cookie["secure"] is True


def test_a_code_logs_in_one_browser(daemon: Daemon) -> None:
    """Used by another browser too, a link has leaked: both are refused. The same browser may open it twice."""
    code = new_code(daemon)
    login = cookie_of(redeem(daemon, code))
    assert redeem(daemon, code, login).status == 204
    assert request(daemon, "GET", "/api/sessions", login).status == 200
    other = redeem(daemon, code)
    assert (other.status, other.code, "set-cookie" in other.headers) == (401, "unauthorized", False)
    assert request(daemon, "GET", "/api/sessions", login).status == 401


def test_wrong_codes_wait_and_lock_nobody_out(daemon: Daemon) -> None:
    """A wrong code is answered after a while; meanwhile, and after many, a right one works at once."""
    code = new_code(daemon)
    port = daemon.port
    stalled = [HTTPConnection("127.0.0.1", port, timeout=20) for _ in range(40)]
    began = time.monotonic()
    try:
        for connection in stalled:
            connection.request("POST", "/api/login", headers={"Authorization": f"Holdfast-Login {code}x"})
        last = stalled[-1].getresponse()
        assert (last.status, json.loads(last.read())["code"]) == (429, "limit")
        assert redeem(daemon, code).status == 204
        took_s = time.monotonic() - began
        first = stalled[0].getresponse()
        assert (first.status, json.loads(first.read())["code"]) == (401, "unauthorized")
        assert took_s < 1.0 <= time.monotonic() - began
    finally:
        for connection in stalled:
            connection.close()
    for authorization in ("", "Holdfast-Login", "Holdfast-Login a b", f"Bearer {daemon.token}"):
        assert request(daemon, "POST", "/api/login", {"Authorization": authorization}).status == 401
    assert request(daemon, "POST", "/api/login", {"Origin": "https://evil.example"}).status == 403


def test_a_login_makes_no_logins_and_learns_no_token(daemon: Daemon) -> None:
    """What would let a login outlive its logout is for token and peer alone."""
    own = own_page(daemon, log_in(daemon))
    token = daemon.token
    for path in ("/api/logins", "/api/token/rotate"):
        answer = request(daemon, "POST", path, own)
        assert (answer.status, answer.code) == (403, "forbidden")
    assert daemon.token == token
    assert request(daemon, "POST", "/api/logins", {"Authorization": f"Bearer {token}"}).status == 201


async def test_a_logout_cuts_the_sockets_of_that_login(daemon: Daemon) -> None:
    """Within a second the page's sockets close with 4003; those of another login, and of others, stay."""
    mine, other = log_in(daemon), log_in(daemon)
    async with (
        dial(daemon, mine) as one,
        dial(daemon, mine) as two,
        dial(daemon, other) as elsewhere,
        attach(daemon) as local,
    ):
        own = own_page(daemon, mine)
        assert (await asyncio.to_thread(request, daemon, "POST", "/api/logout", own)).status == 204
        async with asyncio.timeout(CUT_WITHIN_S):
            assert [await client.until_closed() for client in (one, two)] == [4003, 4003]
        for client in (elsewhere, local):
            await client.type("echo still-$((1+1))\n")
            await client.until_output(b"still-2\r\n")


async def test_a_rotation_ends_all_logins_and_their_sockets(daemon: Daemon) -> None:
    """Within a second every socket that came by a login closes with 4003; cookies and codes are worth nothing."""
    login, code = log_in(daemon), new_code(daemon)
    async with dial(daemon, login) as page, attach(daemon) as local:
        assert (await asyncio.to_thread(daemon.request, "POST", "/api/token/rotate"))[0] == 200
        async with asyncio.timeout(CUT_WITHIN_S):
            assert await page.until_closed() == 4003
        assert request(daemon, "GET", "/api/sessions", login).status == 401
        assert redeem(daemon, code).status == 401
        await local.type("echo still-$((1+1))\n")
        await local.until_output(b"still-2\r\n")
    daemon.restart()
    assert request(daemon, "GET", "/api/sessions", login).status == 401
    again = log_in(daemon)
    daemon.restart()
    assert request(daemon, "GET", "/api/sessions", again).status == 200


async def test_an_expired_login_loses_its_sockets(daemon: Daemon) -> None:
    """A socket does not outlive its login's time."""
    login = log_in(daemon)
    file = daemon.home / "data" / "logins.json"
    daemon.stop()
    kept = json.loads(file.read_text())
    kept["logins"][0]["expires"] = time.time() + 5
    file.write_text(json.dumps(kept))
    daemon.start()
    async with dial(daemon, login) as page:
        assert await page.until_closed() == 4003
    assert request(daemon, "GET", "/api/sessions", login).status == 401


async def test_only_the_own_page_opens_a_socket(daemon: Daemon) -> None:
    """With the cookie alone, as a page of another port has it sent, no socket opens, and nothing is done or shown."""
    login = log_in(daemon)
    for origin in (None, "http://localhost:1", "null", f"https://evil.example:{daemon.port}"):
        with pytest.raises(InvalidStatus) as caught:
            async with dial(daemon, login, origin=origin):
                pass
        assert caught.value.response.status_code == 403
        headers = {**login, **({"Origin": origin} if origin else {})}
        assert request(daemon, "POST", "/api/sessions", headers).status == 403
    for site in ("same-site", "cross-site"):
        answer = request(daemon, "GET", "/api/sessions", {**login, "Sec-Fetch-Site": site})
        assert (answer.status, answer.code) == (403, "forbidden")
    assert daemon.status()["sessions"] == 0


async def test_two_daemons_on_one_host(daemon: Daemon, tmp_path: Path, environ: dict[str, str]) -> None:
    """A browser that is logged in at both sends both cookies to each; each takes its own, and a logout ends one."""
    home = tmp_path / "other"
    home.mkdir()
    other = Daemon(home, {**environ, "HOLDFAST_HOME": str(home)})
    try:
        other.start()
        one, two = log_in(daemon)["Cookie"], log_in(other)["Cookie"]
        assert one.split("=")[0] != two.split("=")[0]
        both = {"Cookie": f"{one}; {two}"}
        for there in (daemon, other):
            assert request(there, "GET", "/api/sessions", both).status == 200
            async with dial(there, both):
                pass
        assert request(daemon, "GET", "/api/sessions", {"Cookie": two}).status == 401
        assert request(daemon, "POST", "/api/logout", own_page(daemon, both)).status == 204
        assert [request(there, "GET", "/api/sessions", both).status for there in (daemon, other)] == [401, 200]
    finally:
        other.close()


def test_every_route_with_every_credential(daemon: Daemon) -> None:
    """Each route lets in whom the table of routes says, and nobody else, whatever comes with the request."""
    token, login = {"Authorization": f"Bearer {daemon.token}"}, log_in(daemon)
    page = own_page(daemon, login)
    for route in ROUTES:
        if route.name in ("stop", "rotate_token", "logout"):  # would end what the others need; seen above
            continue
        path = EXAMPLES.get(route.name, route.path.partition("(?P<")[0])
        if "session_id" in route.path:
            path += SOME_ID + route.path.rpartition(")")[2]
        found = match(route.method, path)
        assert found is not None
        assert found.route is route
        opens_socket = route.name in ("socket", "tty_socket")
        acts = route.method == "POST" or opens_socket
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"} if opens_socket else {}
        table: list[tuple[Mapping[str, str], int | None]] = [
            ({}, 401),
            ({"Authorization": "Bearer wrong"}, 401),
            ({"Cookie": login["Cookie"][:-1]}, 401),
            ({**login, "Authorization": "Bearer wrong"}, 401),
            (token, None),
            (page, 403 if route.access == "owner" else None),
            (login, 403 if acts or route.access == "owner" else None),
            ({**login, "Sec-Fetch-Site": "cross-site"}, 403),
            ({**page, "Host": "evil.example"}, 421),
            ({**token, "Host": "evil.example"}, 421),
            ({**login, "Origin": "https://evil.example"}, 403),
            ({**token, "Origin": "https://evil.example"}, 403),
        ]
        for headers, refusal in table:
            if route.access == "open" and refusal in (401, 403) and "evil" not in str(headers):
                continue
            got = request(daemon, route.method, path, {**upgrade, **headers}).status
            passed = got not in (401, 403, 421) or (got == 401 and route.name == "login")  # which has no code
            assert (route.name, headers, None if passed else got) == (route.name, headers, refusal)


# What the page shows


async def test_the_status_tells_what_runs_and_who_is_there(daemon: Daemon) -> None:
    """The program in the foreground, the clients, and, of one session, what would end with it."""
    async with attach(daemon, argv=["sh"], client_id="page", linger="1h") as client:
        path = f"/api/sessions/{client.session['session_id']}"
        status = daemon.request("GET", path)[1]
        assert status["program"] == "sh"
        assert [(one["client_id"], one["mode"], one["state"]) for one in status["present"]] == [
            ("page", "rw", "connected")
        ]
        assert status["ends_at"] is None
        await client.type("set -m; cat\nready\n")
        await client.until_output(b"ready\r\nready\r\n")
        status = daemon.request("GET", path)[1]
        assert status["program"] == "cat"
        assert [(one["name"], one["command"]) for one in status["processes"][1:]] == [("cat", "cat")]
        assert "processes" not in daemon.request("GET", "/api/sessions")[1]["sessions"][0]
        client.cut()
        async with attach(daemon, session_id=client.session["session_id"], mode="ro") as watcher:
            await watcher.until(lambda one: "waiting" in json.dumps(one.messages[-1]))
            assert daemon.request("GET", path)[1]["ends_at"] is None
            await watcher.send(type="detach")
            await watcher.until_closed()
        status = daemon.request("GET", path)[1]
        (place,) = status["present"]
        assert place["state"] == "waiting"
        assert status["ends_at"] == pytest.approx(place["since"] + 60 + 3600)
    ended = daemon.request("POST", f"{path}/end")[1]
    assert (ended["program"], ended["present"], ended["ends_at"]) == ("", [], None)


async def test_a_session_made_over_http_says_when_it_ends(daemon: Daemon) -> None:
    """Somebody is expected for the reconnect window, then it lingers; once somebody came and left, it lingers."""
    made = daemon.request("POST", "/api/sessions?linger=1h")[1]
    assert made["ends_at"] == pytest.approx(made["created_at"] + 60 + 3600, abs=5)
    async with attach(daemon, session_id=made["session_id"]) as client:
        assert daemon.request("GET", f"/api/sessions/{made['session_id']}")[1]["ends_at"] is None
        await client.send(type="detach")
        await client.until_closed()
    left = daemon.request("GET", f"/api/sessions/{made['session_id']}")[1]
    assert left["ends_at"] == pytest.approx(left["last_activity_at"] + 3600, abs=5)
    assert daemon.request("POST", "/api/sessions")[1]["ends_at"] is None


async def test_the_screen_of_a_session(daemon: Daemon) -> None:
    """What a session shows comes as escape sequences without scrollback, while it runs and when it has ended."""
    script = "stty -echo; seq 1 500; printf 'the last \\303'; read end"
    async with attach(daemon, argv=["sh", "-c", script], cols=40, rows=10) as client:
        session_id = client.session["session_id"]
        await client.until_output(b"the last \xc3")
        screen = daemon.request("GET", f"/api/sessions/{session_id}/screen")[1]
        place = {name: screen[name] for name in ("offset", "cols", "rows", "first_line", "is_whole")}
        assert place == {"offset": client.offset, "cols": 40, "rows": 10, "first_line": 491, "is_whole": False}
        assert "500" in screen["screen"]
        assert "the last" in screen["screen"]
        assert "490\r" not in screen["screen"]
        more = daemon.request("GET", f"/api/sessions/{session_id}/screen?lines=100")[1]
        assert "\n400\r" in more["screen"]
        assert more["first_line"] == 391
        code, refused = daemon.request("GET", f"/api/sessions/{session_id}/screen?lines=10001")
        assert (code, refused["code"]) == (400, "bad_query")
    daemon.request("POST", f"/api/sessions/{session_id}/end")
    again = daemon.request("GET", f"/api/sessions/{session_id}/screen")[1]
    assert "the last" in again["screen"]
    assert (again["cols"], again["rows"]) == (40, 10)


def test_a_log_to_be_saved(daemon: Daemon) -> None:
    """`download=1` names a file after the session, safe in a folder and a header, and sends what a browser can save."""
    token = {"Authorization": f"Bearer {daemon.token}", "Accept-Encoding": "gzip, br, zstd"}
    for name, plain, exact in (
        ("build", "build", "build"),
        ("a b/../c", "a b_.._c", "a%20b_.._c"),
        ('dé"ploy', "d__ploy", "d%C3%A9%22ploy"),
    ):
        made = daemon.request("POST", "/api/sessions?" + urlencode({"name": name}))[1]
        path = f"/api/sessions/{made['session_id']}/log?download=1"
        raw = request(daemon, "GET", path, token)
        assert raw.headers["content-disposition"] == (
            f"attachment; filename=\"{plain}.log\"; filename*=UTF-8''{exact}.log"
        )
        assert "content-encoding" not in raw.headers
        text = request(daemon, "GET", f"{path}&plain=1", token)
        assert text.headers["content-disposition"].startswith(f'attachment; filename="{plain}.txt"')
    unnamed = daemon.request("POST", "/api/sessions")[1]["session_id"]
    saved = request(daemon, "GET", f"/api/sessions/{unnamed}/log?download=1", token)
    assert f'"{unnamed}.log"' in saved.headers["content-disposition"]
    assert "content-disposition" not in request(daemon, "GET", f"/api/sessions/{unnamed}/log", token).headers


def test_the_daemon_names_its_page(stopped_daemon: Daemon) -> None:
    """By its address; by a name of the user's own for this machine, where there is one; not without a TCP port."""
    stopped_daemon.start()
    assert stopped_daemon.status()["page"] == f"http://127.0.0.1:{stopped_daemon.port}/"
    stopped_daemon.stop()
    (stopped_daemon.home / "config.toml").write_text(
        '[daemon]\nallowed_hosts = ["term.example.org", "k3x9.localhost"]\n'
    )
    stopped_daemon.start()
    assert stopped_daemon.status()["page"] == f"http://k3x9.localhost:{stopped_daemon.port}/"
    assert request(stopped_daemon, "GET", "/", {"Host": f"k3x9.localhost:{stopped_daemon.port}"}).status == 200
    stopped_daemon.stop()
    stopped_daemon.arguments = ["--no-tcp"]
    stopped_daemon.start()
    assert stopped_daemon.status()["page"] is None


def request(daemon: Daemon, method: str, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """One request over TCP."""
    with closing(HTTPConnection("127.0.0.1", daemon.port, timeout=20)) as connection:
        connection.request(method, path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def new_code(daemon: Daemon) -> str:
    status, answer = daemon.request("POST", "/api/logins")
    assert status == 201
    return str(answer["code"])


def redeem(daemon: Daemon, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    return request(daemon, "POST", "/api/login", {**(headers or {}), "Authorization": f"Holdfast-Login {code}"})


def cookie_of(answer: Answer) -> dict[str, str]:
    assert answer.status == 204
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def log_in(daemon: Daemon) -> dict[str, str]:
    """Log in; returns the header that a browser sends from then on."""
    return cookie_of(redeem(daemon, new_code(daemon)))


def own_page(daemon: Daemon, login: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of what the daemon's own page does."""
    return {**login, "Origin": f"http://127.0.0.1:{daemon.port}"}


@asynccontextmanager
async def dial(
    daemon: Daemon, login: Mapping[str, str], *, origin: str | None = "own", query: str = ""
) -> AsyncIterator[WireClient]:
    """Attach as the page does. Raises InvalidStatus."""
    own = f"http://127.0.0.1:{daemon.port}"
    async with connect(
        f"{own.replace('http', 'ws')}/ws?{query}",
        subprotocols=[Subprotocol("holdfast.v1")],
        additional_headers=dict(login),
        origin=None if origin is None else Origin(own if origin == "own" else origin),
        proxy=None,
    ) as connection:
        client = WireClient(connection, binary=True)
        await client.until_message("session")
        yield client
