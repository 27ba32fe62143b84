"""lab.yaml: what can be said of a place, and how mistakes in it are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from devbench.domain.place import Place, Ssh
from devbench.errors import SuiteError
from devbench.suites.lab import read_lab

DEVICES = ("coral-dev-board", "coral-usb")


def _read(folder: Path, text: str) -> list[Place]:
    path = folder / "lab.yaml"
    path.write_text(text)
    return read_lab(path, DEVICES)


def test_a_place_over_ssh_in_short_and_at_length(tmp_path: Path) -> None:
    [short, long] = _read(
        tmp_path,
        "places:\n"
        "- {name: attic, device: coral-dev-board, ssh: mendel@attic, python: bin/python3}\n"
        "- name: cellar\n"
        "  device: coral-usb\n"
        "  ssh: {host: cellar, config: ssh/config, cache: /data/devbench, cache_mib: 64}\n"
        "  options: {port: 2-1}\n",
    )
    assert short.ssh == Ssh(host="mendel@attic")
    assert short.python == {"": "bin/python3"}, "that is a path over there, so it stays as it is"
    assert long.ssh == Ssh(host="cellar", config=tmp_path / "ssh/config", cache="/data/devbench", cache_mib=64)
    assert long.options == {"port": "2-1"}


@pytest.mark.parametrize(
    ("place", "mistake"),
    [
        ("ssh: {hots: attic}", "lab.yaml:1:49: unknown key 'hots'; did you mean 'host'?"),
        ("ssh: {config: x}", "lab.yaml:1:48: 'host' is missing"),
        ("ssh: -oProxyCommand=evil", "lab.yaml:1:48: '-oProxyCommand=evil' is no ssh host"),
        ("ssh: attic now", "'attic now' is no ssh host: it is a name such as"),
        ("ssh: ''", "'' is no ssh host"),
        ("ssh: 22", "'ssh' must be a mapping, not 22"),
        ("ssh: {host: a, cache_mib: 0}", "lab.yaml:1:69: 'cache_mib' cannot be 0"),
        ("options: {port: 2}", "lab.yaml:1:59: 'port' must be text, not 2"),
        ("shs: attic", "lab.yaml:1:43: unknown key 'shs'; did you mean 'ssh'?"),
    ],
)
def test_a_mistake_is_reported_with_its_place(tmp_path: Path, place: str, mistake: str) -> None:
    with pytest.raises(SuiteError) as caught:
        _read(tmp_path, f"places: [{{name: attic, device: coral-usb, {place}}}]\n")
    assert mistake in caught.value.message


def test_two_places_of_a_kind_cannot_have_one_name(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"lab.yaml:3:10: there is a coral-usb called 'a' already"):
        _read(tmp_path, "places:\n- {name: a, device: coral-usb}\n- {name: a, device: coral-usb}\n")
    assert len(_read(tmp_path, "places: [{name: a, device: coral-usb}, {name: a, device: coral-dev-board}]")) == 2
