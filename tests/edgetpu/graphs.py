"""Makes graphs as the rules of the Edge TPU see them, without a file."""

from __future__ import annotations

from devbench import Check, Graph, Operation, Tensor
from devbench_edgetpu.check.mapping import predict
from devbench_edgetpu.check.rules import check_graph

SHAPE = (1, 8, 8, 4)


def tensor(number: int, dtype: str = "int8", shape: tuple[int, ...] = SHAPE, **more: object) -> Tensor:
    return Tensor(number=number, name=f"t{number}", dtype=dtype, shape=shape, **more)  # type: ignore[arg-type]


def constant(number: int, dtype: str = "int8", shape: tuple[int, ...] = (4, 1, 1, 4), **more: object) -> Tensor:
    return tensor(number, dtype, shape, constant=True, **more)


def operation(number: int, name: str, inputs: list[Tensor], outputs: list[Tensor], **options: int) -> Operation:
    return Operation(
        number=number,
        name=name,
        version=1,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        options=options,
        custom=not name.isupper(),
    )


def chain(*names: str, tensors: list[Tensor] | None = None) -> Graph:
    """One operation after the other: the first takes tensor 0 and puts out tensor 1."""
    found = tensors or [tensor(number) for number in range(len(names) + 1)]
    operations = [operation(k, name, [found[k]], [found[k + 1]]) for k, name in enumerate(names)]
    return Graph(operations=tuple(operations), inputs=(found[0],), outputs=(found[-1],))


def checks(graph: Graph) -> dict[str, Check]:
    """The checks by name; of several with one name the first."""
    found: dict[str, Check] = {}
    for one in check_graph(graph, predict(graph)):
        found.setdefault(one.name, one)
    return found
