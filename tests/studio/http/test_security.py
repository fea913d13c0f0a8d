import http.cookies

import pytest
from starlette.testclient import TestClient

from partly.studio.http.page_security import CONTENT_SECURITY_POLICY
from partly.studio.http.serving import studio_app
from partly.web.security import Security
from tests.studio.http.conftest import ORIGIN

HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


def test_the_policy_is_strict():
    rules = dict(rule.split(" ", 1) for rule in CONTENT_SECURITY_POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert rules["style-src"] == rules["connect-src"] == "'self'"
    assert "unsafe-inline" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("path", ["/api/state", "/api/nothing", "/", "/nothing", "/api/pictures/x/labels"])
def test_every_answer_is_guarded(client, path):
    answer = client.get(path)
    for name, value in HEADERS.items():
        if not (name == "cache-control" and path == "/"):
            assert answer.headers[name] == value


def test_also_that_to_a_defect(session, monkeypatch):
    monkeypatch.setattr("partly.studio.http.project_routes.overview", lambda session: 1 / 0)
    client = TestClient(studio_app(session, Security()), ORIGIN, raise_server_exceptions=False)
    answer = client.get("/api/state")
    assert answer.status_code == 500
    assert answer.json() == {"error": "This is a defect of Partly: ZeroDivisionError: division by zero"}
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("host", ["127.0.0.1:8700", "localhost:8700", "LOCALHOST:8700", "[::1]:8700"])
def test_own_hosts(client, host):
    assert client.get("/api/state", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8700",
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:8701",
        "localhost.evil:8700",
        "",
        "127.0.0.1.evil.example:8700",
        "192.168.0.1:8700",
    ],
)
def test_foreign_hosts(client, host):
    for path in ("/", "/api/state"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert "Use the address that partly label printed." in answer.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:8700"},
        {"Origin": "http://127.0.0.1:8701"},
        {"Origin": "http://localhost:8700"},  # another origin than the Host of this request
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
    ],
)
def test_requests_of_other_sites(client, session, headers):
    for method, path in [
        ("POST", "/api/pictures/p0/strokes?tab=a&x=0&y=0&w=1&h=1"),
        ("POST", "/api/jobs"),
        ("GET", "/api/state"),
        ("GET", "/api/pictures/p0/image"),
        ("GET", "/api/events?tab=a"),
        ("OPTIONS", "/api/parts"),
    ]:
        answer = client.request(method, path, headers=headers, content=b"\1" if method == "POST" else None)
        assert answer.status_code == 403
        assert answer.json() == {"error": "Requests from other sites are refused."}
        assert "access-control-allow-origin" not in answer.headers
    assert session.painting.open("p0", "a")[1].n_strokes == 0


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": ORIGIN}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]
)
def test_own_requests(client, headers):
    path = "/api/pictures/p0/strokes?tab=a&x=0&y=0&w=1&h=1"
    assert client.post(path, headers=headers, content=b"\1").status_code == 200


def test_links_of_other_sites_may_open_the_page(client):
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert client.get("/", headers=headers).status_code in (200, 503)
    assert client.get("/other", headers=headers).status_code == 403


def test_doubled_headers(client):
    answer = client.get("/api/state", headers=[("Origin", ORIGIN), ("Origin", "http://evil.example")])
    assert answer.status_code == 400


class TestBeyondThisMachine:
    @pytest.fixture
    def security(self):
        return Security.of("0.0.0.0", 8700)

    @pytest.fixture
    def client(self, session, security):
        return TestClient(studio_app(session, security), "http://10.0.0.7:8700", follow_redirects=False)

    def test_a_token_is_asked_for(self, client, security):
        for path in (
            "/api/state",
            "/api/events?tab=a",
            "/x.js",
            "/?token=wrong",
            "/?token=",
            "/?token=%C3%A4",
        ):
            answer = client.get(path)
            assert answer.status_code == 401
            assert "use the whole address that partly label printed" in answer.text
        assert len(security.token) >= 32
        assert security.url.endswith(f":8700/?token={security.token}")

    def test_the_token_becomes_a_cookie(self, client, security):
        answer = client.get("/", params={"token": security.token})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = http.cookies.SimpleCookie(answer.headers["set-cookie"])["partly-studio-8700"]
        assert (cookie.value, cookie["httponly"], cookie["samesite"]) == (security.token, True, "strict")
        assert client.get("/api/state").status_code == 200
        assert client.get("/").status_code in (200, 503)
        client.cookies.set("partly-studio-8700", "wrong")
        client.cookies.delete("partly-studio-8700", domain="10.0.0.7")
        assert client.get("/api/state", headers={"Cookie": "partly-studio-8700=wrong"}).status_code == 401

    def test_the_token_counts_on_the_page_only(self, client, security):
        assert client.get("/api/state", params={"token": security.token}).status_code == 401
        assert client.post("/", params={"token": security.token}).status_code == 401

    def test_damaged_cookies(self, client):
        assert client.get("/api/state", headers={"Cookie": "a=b; \x01;;; =,"}).status_code == 401

    @pytest.mark.parametrize("host", ["evil.example:8700", "10.0.0.7:8701", "10.0.0.7.evil.example:8700"])
    def test_names_that_anybody_can_point_here(self, client, security, host):
        headers = {"Host": host, "Cookie": f"partly-studio-8700={security.token}"}
        assert client.get("/api/state", headers=headers).status_code == 421
