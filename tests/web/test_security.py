"""Who may ask: names of the server, and what is on this machine."""

from __future__ import annotations

import pytest

from partly.web.security import Security, is_loopback


def test_hosts_by_name(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "Desk.lan")
    security = Security("0.0.0.0", 8700, "t")
    for host in (
        "desk.lan:8700",
        "desk:8700",
        "desk.local:8700",
        "[fe80::1]:8700",
        "10.1.2.3:8700",
    ):
        assert security.knows_host(host)
    assert security.url == "http://Desk.lan:8700/?token=t"
    assert Security("studio.example", 80, "t").knows_host("studio.example")
    assert Security("::1", 1).url == "http://[::1]:1/"


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("192.168.1.1", False),
        ("desk", False),
    ],
)
def test_loopback(host, is_local):
    assert is_loopback(host) == is_local
    assert (Security.of(host, 1).token is None) == is_local


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        ("masks.example:9090", True),
        ("MASKS.example:9090", True),
        ("masks.example", True),
        ("masks.example:80", False),
        ("other.example", False),
        ("proxy:80", True),
        ("proxy", True),
        ("proxy:9090", False),
        ("localhost:9090", True),
        ("10.1.2.3:9090", False),
        ("evil.example:9090", False),
    ],
)
def test_other_names(host, is_known):
    assert Security(port=9090, names=("masks.example", "proxy:80")).knows_host(host) == is_known
