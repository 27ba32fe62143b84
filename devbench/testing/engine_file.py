"""What can be seen of an engine file without running it: will an old Python read it, and is the class all there?"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

OLDEST = (3, 6)
MEMBERS = ("facts", "load", "inputs", "feed", "invoke", "outputs")
_MEANT = {  # what the members are called elsewhere
    "facts": ("info", "metadata", "version", "versions"),
    "load": ("compile", "init", "load_model", "open", "setup"),
    "inputs": ("get_inputs", "get_input_details", "input_details", "input_specs"),
    "feed": ("set_input", "set_inputs", "set_tensor", "write"),
    "invoke": ("execute", "forward", "infer", "inference", "predict", "run"),
    "outputs": ("get_output", "get_outputs", "results", "read"),
}
_NEWER = {  # modules of the standard library that Python 3.6 does not have
    "contextvars": "3.7",
    "dataclasses": "3.7",
    "importlib.metadata": "3.8",
    "importlib.resources": "3.7",
    "graphlib": "3.9",
    "tomllib": "3.11",
    "zoneinfo": "3.9",
}


def engine_file_problems(path: Path, parts: Sequence[Path] = (), *, builds: bool = False) -> list[str]:
    """What is wrong with an engine file and those beside it, each with file and line. builds: whether it must build."""
    found = []
    for file in (path, *parts):
        try:
            tree = ast.parse(file.read_text("utf-8"), str(file), feature_version=OLDEST)
        except (SyntaxError, ValueError, OSError) as error:
            line = getattr(error, "lineno", None)
            text = getattr(error, "msg", None) or str(error)
            found.append(
                f"{file.name}{f':{line}' if line else ''}: Python {OLDEST[0]}.{OLDEST[1]} cannot read it: {text}"
            )
            continue
        found += [f"{file.name}:{line}: {text}" for line, text in _imports(tree)]
        if file == path:
            found += [f"{file.name}: {text}" for text in _class(tree, builds=builds)]
    return found


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in _run_there(tree):
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
            if node.module == "__future__" and any(one.name == "annotations" for one in node.names):
                yield node.lineno, "`from __future__ import annotations` needs Python 3.7"
        else:
            continue
        for name in names:
            if name.split(".")[0] == "devbench":
                yield node.lineno, f"imports {name}: there is no devbench on the device"
            elif name in _NEWER:
                yield node.lineno, f"imports {name}, which needs Python {_NEWER[name]}"


def _run_there(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that only a type checker sees."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for other in node.orelse:
                yield other
                yield from _run_there(other)
            continue
        yield node
        yield from _run_there(node)


def _class(tree: ast.Module, *, builds: bool) -> Iterator[str]:
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    engine = next((node for node in classes if node.name == "Engine"), None)
    if engine is None:
        names = [alias for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
        assigned = [one for node in tree.body if isinstance(node, ast.Assign) for one in _names(node.targets)]
        if "Engine" not in [*(one.asname or one.name for one in names), *assigned]:
            meant = f": is it called {classes[0].name} here?" if len(classes) == 1 else ""
            yield f"there is no class `Engine` in it{meant}"
        return
    if any(not (isinstance(base, ast.Name) and base.id == "object") for base in engine.bases):
        return  # some of the members are the base's
    named = _members(engine)
    others = sorted(name for name in named - {*MEMBERS, "build", "compute"} if not name.startswith("_"))
    for name in (*MEMBERS, *(("build",) if builds else ())):
        if name not in named:
            near = [one for one in others if one in _MEANT.get(name, ())] or get_close_matches(name, others, n=1)
            yield f"class Engine has no {name}()" + (f": is it called {near[0]}() here?" if near else "")


def _members(engine: ast.ClassDef) -> set[str]:
    """Names of its methods and attributes, those too that it sets in a method."""
    found = {node.name for node in engine.body if isinstance(node, ast.FunctionDef)}
    found |= set(_names(node.target for node in engine.body if isinstance(node, ast.AnnAssign)))
    found |= {name for node in engine.body if isinstance(node, ast.Assign) for name in _names(node.targets)}
    set_in_methods = (node for node in ast.walk(engine) if isinstance(node, ast.Attribute))
    return found | {node.attr for node in set_in_methods if isinstance(node.ctx, ast.Store)}


def _names(targets: Iterable[ast.expr]) -> list[str]:
    return [one.id for one in targets if isinstance(one, ast.Name)]
