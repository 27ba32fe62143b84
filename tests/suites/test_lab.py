"""lab.yaml: what can be said of a place, and how mistakes in it are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from devbench.domain.place import Place, Ssh
from devbench.errors import SuiteError
from devbench.suites.lab import read_lab
from devbench.suites.strict import KnownNames

KNOWN = KnownNames(
    devices={"coral-dev-board": ("litert",), "coral-usb": ("litert",)}, options={"litert": {}, "tflite-runtime": {}}
)


def _read(folder: Path, text: str) -> list[Place]:
    path = folder / "lab.yaml"
    path.write_text(text)
    return read_lab(path, KNOWN)


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
        ("ssh: -oProxyCommand=evil", "lab.yaml:1:48: '-oProxyCommand=evil' is not an ssh host"),
        ("ssh: attic now", "'attic now' is not an ssh host: write a name such as"),
        ("ssh: ''", "'' is not an ssh host"),
        ("ssh: 22", "'ssh' must be a mapping, not 22"),
        ("ssh: {host: a, cache_mib: 0}", "lab.yaml:1:69: 'cache_mib' cannot be 0"),
        ("options: {port: 2}", "lab.yaml:1:59: 'port' must be text, not 2"),
        ("python: {litrt: bin/python}", "lab.yaml:1:51: unknown runtime 'litrt'; did you mean 'litert'?"),
        ("shs: attic", "lab.yaml:1:43: unknown key 'shs'; did you mean 'ssh'?"),
    ],
)
def test_a_mistake_is_reported_with_its_place(tmp_path: Path, place: str, mistake: str) -> None:
    with pytest.raises(SuiteError) as caught:
        _read(tmp_path, f"places: [{{name: attic, device: coral-usb, {place}}}]\n")
    assert mistake in caught.value.message


def test_a_home_folder_that_nobody_has_is_a_path_like_any_other(tmp_path: Path) -> None:
    [place] = _read(tmp_path, "places: [{name: a, device: coral-usb, python: ~nobody-has-this-name/python}]")
    assert place.python == {"": str(tmp_path / "~nobody-has-this-name/python")}


def test_a_suite_in_its_place_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="this is a suite, and not a lab file"):
        _read(tmp_path, "name: s\nmodels: [a]\ndevices: [b]\n")


def test_two_places_of_a_kind_cannot_have_one_name(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"lab.yaml:3:10: there is a coral-usb called 'a' already"):
        _read(tmp_path, "places:\n- {name: a, device: coral-usb}\n- {name: a, device: coral-usb}\n")
    assert len(_read(tmp_path, "places: [{name: a, device: coral-usb}, {name: a, device: coral-dev-board}]")) == 2


def test_a_lab_file_that_others_can_write_is_not_read(tmp_path: Path) -> None:
    """It names programs: whoever can write it could run what he likes as the user."""
    lab, config = tmp_path / "lab.yaml", tmp_path / "ssh_config"
    lab.write_text("places:\n- {name: a, device: coral-usb, ssh: {host: attic, config: ssh_config}}\n")
    config.write_text("Host attic\n  ProxyCommand touch /tmp/run\n")
    assert read_lab(lab, KNOWN)
    config.chmod(0o666)
    with pytest.raises(
        SuiteError, match=r"ssh_config: is not read: can be written by other users \(mode 666\)"
    ) as caught:
        read_lab(lab, KNOWN)
    assert "chmod go-w" in caught.value.hint
    config.chmod(0o600)
    lab.chmod(0o666)
    with pytest.raises(SuiteError, match=r"lab\.yaml: is not read: can be written by other users"):
        read_lab(lab, KNOWN)
