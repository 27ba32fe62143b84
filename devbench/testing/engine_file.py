"""What can be seen of an engine file without running it: will an old Python read it, and is the class all there?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

OLDEST = (3, 6)
MEMBERS = ("facts", "load", "inputs", "feed", "invoke", "outputs")
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
    engine = next((node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Engine"), None)
    if engine is None:
        imported = [one for node in tree.body if isinstance(node, ast.ImportFrom) for one in node.names]
        if not any((one.asname or one.name) == "Engine" for one in imported):
            yield "there is no class `Engine` in it"
        return
    if engine.bases:
        return  # some of the members are the base's
    named = {node.name for node in engine.body if isinstance(node, ast.FunctionDef)}
    targets = [node.target for node in engine.body if isinstance(node, ast.AnnAssign)]
    named |= {one.id for one in targets if isinstance(one, ast.Name)}
    attributes = (
        node for node in ast.walk(engine) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    )
    named |= {node.attr for node in attributes}
    for name in (*MEMBERS, *(("build",) if builds else ())):
        if name not in named:
            yield f"class Engine has no {name}()"
