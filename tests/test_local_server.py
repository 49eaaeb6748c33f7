"""The address of a server that other machines can open, and its static files."""

import socket

import pytest

from judge.local_server import address, static_files


@pytest.fixture
def named(monkeypatch):
    """Give this machine a name."""
    return lambda name: monkeypatch.setattr(socket, "gethostname", lambda: name)


class Interface:
    """A socket that knows the address of one network interface, or that there is no network."""

    def __init__(self, own_address):
        self.own_address = own_address

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def connect(self, _):
        if self.own_address is None:
            raise OSError("network is unreachable")

    def getsockname(self):
        return (self.own_address, 40_000)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_short_name_is_replaced_by_the_ip_address_because_phones_cannot_look_it_up(
    named, monkeypatch, host
):
    named("workstation")
    monkeypatch.setattr(socket, "socket", lambda *_: Interface("192.168.1.7"))
    assert address(host, 8000) == "http://192.168.1.7:8000"


def test_a_full_name_is_kept(named):
    named("gpu1.example.org")
    assert address("0.0.0.0", 8000) == "http://gpu1.example.org:8000"


def test_without_a_network_the_name_remains(named, monkeypatch):
    named("workstation")
    monkeypatch.setattr(socket, "socket", lambda *_: Interface(None))
    assert address("0.0.0.0", 8000) == "http://workstation:8000"


def test_a_given_address_is_kept():
    assert address("127.0.0.1", 8000) == "http://127.0.0.1:8000"
    assert address("::1", 8000) == "http://[::1]:8000"


def test_static_files_are_those_of_the_page_and_those_that_all_pages_share(tmp_path):
    (tmp_path / "own.css").touch()
    files = static_files(tmp_path)
    assert [bool(files.lookup_path(name)[1]) for name in ("own.css", "zoom.js", "none.js")] == [
        True,
        True,
        False,
    ]
