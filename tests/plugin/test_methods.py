"""What may be asked of a plugin is complete, and documented with its limits."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest

from devbench import Device, Runtime, hookspecs
from devbench.plugin.brought import DeviceData, RuntimeData
from devbench.plugin.local import REGISTRATIONS
from devbench.plugin.methods import BEGIN, DEVICE_METHODS, FINISH, HOOKS, LOAD_LIMIT_S, RUNTIME_METHODS

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()


@pytest.mark.parametrize(
    ("base", "data", "methods"), [(Device, DeviceData, DEVICE_METHODS), (Runtime, RuntimeData, RUNTIME_METHODS)]
)
def test_every_member_that_a_plugin_may_write_is_known(base: type, data: type, methods: tuple[object, ...]) -> None:
    members = {name for name in (*vars(base), *base.__annotations__) if not name.startswith("_")}
    written = {name for name in members if inspect.isfunction(getattr(base, name, None))}
    assert written == {method.name for method in methods}  # type: ignore[attr-defined]
    assert members - written == {one.name for one in fields(data)} - {"written", "rules", "option_specs"}


def test_every_hook_is_known() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith("devbench_")}
    assert hooks == {method.name for method in HOOKS} | set(REGISTRATIONS)


def test_the_page_states_every_limit() -> None:
    table = PAGE[PAGE.index("| asked |") :].split("\n\n")[0]
    stated = {}
    for row in table.splitlines()[2:]:
        names, limit = row.strip("|").split("|")
        stated |= dict.fromkeys(re.findall(r"`(\w+)`", names) or [names.strip()], float(limit.split()[0].rstrip(",")))
    limits = {method.name: method.limit_s for method in (*DEVICE_METHODS, *RUNTIME_METHODS, *HOOKS)}
    assert BEGIN.limit_s == FINISH.limit_s
    wrapper = "a wrapper, before and after the round"
    assert stated == limits | {"the import": LOAD_LIMIT_S, wrapper: BEGIN.limit_s}
    assert limits["settle"] == Device.settle_limit_s
    assert limits["prepare"] == Runtime.prepare_limit_s
