"""Every hook stands in the documentation with its exact signature."""

import inspect
from pathlib import Path

import pytest

from devbench import hookspecs

HOOKS = {name: function for name, function in vars(hookspecs).items() if name.startswith("devbench_")}
PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text().replace("\\|", "|")


@pytest.mark.parametrize("name", HOOKS)
def test_the_page_shows_the_hook_as_it_is(name: str) -> None:
    signature = f"{name}{inspect.signature(HOOKS[name])}".replace("'", "")
    assert signature in PAGE


def test_there_are_the_hooks_that_the_page_counts() -> None:
    assert len(HOOKS) == 8
