"""Programs that are sent as text into a Python elsewhere: modules of the worker's package, and what to do with them."""

from __future__ import annotations

from importlib import resources

# The modules find each other by relative imports, as they do in the worker's archive.
_TEXT = """import os, sys, types
package = sys.modules["devbench_worker"] = types.ModuleType("devbench_worker")
package.__path__ = []
for name, source in {sources!a}:
    module = types.ModuleType("devbench_worker." + name)
    module.__package__ = "devbench_worker"
    sys.modules[module.__name__] = module
    exec(compile(source, name + ".py", "exec"), module.__dict__)
{then}
"""


def program_text(*modules: str, then: str) -> bytes:
    """The text of a program that has these modules of `devbench.worker`; the last one is called `module` in `then`."""
    sources = [(name, _source(name)) for name in modules]
    return _TEXT.format(sources=sources, then=then).encode("ascii")


def _source(name: str) -> bytes:
    return (resources.files("devbench.worker") / f"{name}.py").read_bytes()
