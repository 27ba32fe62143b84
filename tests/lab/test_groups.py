"""Which places take turns: never two at once that share something, and never a turn for nothing."""

from __future__ import annotations

import random
from pathlib import Path

from devbench.domain.place import Place, Ssh
from devbench.places.machines import HERE, machine_of
from devbench.run.groups import groups_of, longest_s


def _place(name: str, *shares: str, machine: str = "") -> Place:
    return Place(name=name, device="d", shares=shares, ssh=Ssh(host=machine) if machine else None)


def _machine(place: Place) -> str:
    return place.ssh.host if place.ssh else HERE


def test_places_of_one_machine_or_with_a_name_in_common_are_one_group() -> None:
    places = [
        _place("a", machine="m1"),
        _place("b", "hub", machine="m2"),
        _place("c", machine="m1"),
        _place("d", "hub"),
        _place("e", "psu"),
        _place("f", "other", machine="m3"),
    ]
    found = groups_of(places, _machine)
    assert [[name for _, name in group.places] for group in found] == [["a", "c"], ["b", "d", "e"], ["f"]]
    assert found[1].shares == ("m2", "hub", HERE, "psu")
    assert [group.name for group in found] == ["d a", "d b", "d f"]


def test_groups_are_the_connected_components_whatever_is_shared() -> None:
    dice = random.Random(7)
    for _ in range(200):
        places = [
            _place(
                f"p{number}",
                *dice.sample(["u", "v", "w", "x", "y"], dice.randrange(3)),
                machine=f"m{dice.randrange(9)}",
            )
            for number in range(dice.randrange(1, 12))
        ]
        uses = {place.name: {_machine(place), *place.shares} for place in places}
        groups = groups_of(places, _machine)
        names = [[name for _, name in group.places] for group in groups]
        assert sorted(name for group in names for name in group) == sorted(uses)
        used = [set().union(*(uses[name] for name in group)) for group in names]
        for number, one in enumerate(used):
            assert all(not one & other for other in used[:number]), "nothing is used by two groups"
        for group in names:  # and each group hangs together: it grows from its first to all of it
            grown = {group[0]}
            while more := {n for n in group if n not in grown and any(uses[n] & uses[g] for g in grown)}:
                grown |= more
            assert grown == set(group)


def test_groups_go_on_side_by_side_so_the_longest_one_decides() -> None:
    seconds = {("d", "a"): 3.0, ("d", "b"): 4.0, ("d", "c"): 5.0}
    assert longest_s(seconds, [[("d", "a"), ("d", "b")], [("d", "c")]]) == 7.0
    assert longest_s(seconds, ()) == 12.0, "all take turns"
    assert longest_s(seconds, [[("d", "a")], [("d", "b")]]) == 9.0, "one that no group has waits for all"
    assert longest_s({}, ()) == 0.0


def test_the_machine_of_a_place_is_the_one_that_ssh_goes_to(tmp_path: Path) -> None:
    config = tmp_path / "ssh_config"
    config.write_text(
        "Host attic\n  HostName 10.0.0.7\nHost nat\n  HostName 10.0.0.7\n  Port 2201\nHost me\n  HostName ::1\n"
    )
    reached = {
        host: machine_of(Place(name="p", device="d", ssh=Ssh(host=host, config=config)))
        for host in ("user@attic", "10.0.0.7", "nat", "me", "localhost")
    }
    assert reached == {
        "user@attic": "10.0.0.7",
        "10.0.0.7": "10.0.0.7",
        "nat": "10.0.0.7:2201",
        "me": HERE,
        "localhost": HERE,
    }
    assert machine_of(Place(name="p", device="d")) == HERE
