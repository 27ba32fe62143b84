"""What learning on a device showed, as sentences and a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from devbench.learn import HeadResult, LearnResult, Workload
from devbench.report.numbers import count_of, milliseconds, plus_minus
from devbench.report.table import CellLine, Table, TableCell, text_cell

_METHODS = {"imprinting": "weight imprinting", "regression": "softmax regression"}


def learn_sentences(results: Sequence[LearnResult], workload: Workload) -> Iterator[str]:
    """What a picture costs, and the vendor's own work beside its own figures."""
    for one in results:
        if one.problem or one.extract_ms is None:
            yield f"{_name(one)}: {one.problem}." + (f" {one.hint}" if one.hint else "")
            continue
        yield (
            f"{_name(one)}: {milliseconds(one.extract_ms.estimate)} ms a picture ({plus_minus(one.extract_ms)}) for the"
            f" embedding of {one.dimensions} numbers, {one.imprint_ms * 1000:.1f} µs for imprinting it."
        )
        took_ms = one.work_ms(workload.pictures, workload.classes)
        yield (
            f"Learning {workload.pictures} pictures of {workload.classes} classes by imprinting takes"
            f" {took_ms:,.0f} ms there."
        )
        if one.left_out:
            yield f"{count_of(len(one.left_out), 'picture')} could not be read: {one.left_out[0]}"
    figures = "; ".join(f"{name} {value:,.0f} ms" for name, value in workload.figures_ms)
    yield (
        f"Published for {workload.pictures} random pictures of {workload.classes} classes, not measured here: {figures}"
        f" ({workload.source})."
    )


def learn_table(results: Sequence[LearnResult]) -> Table:
    """Each method after so many pictures of each class."""
    rows = [row for one in results for row in _rows(one)]
    draws = max((one.draws for one in results), default=0)
    pictures = max((one.test_pictures for one in results), default=0)
    return Table(
        title=f"Learning the last layer: accuracy over {pictures:,} pictures, {count_of(draws, 'draw')}",
        header=("model", "pictures a class", "method", "accuracy", "learning", "new class usable after"),
        rows=tuple(rows),
        notes=(
            "Accuracy: mean and standard deviation over the draws of pictures to learn from.",
            (
                "Learning: from the embeddings. Usable: pictures of the new class, learning, a first answer; softmax"
                " regression learns all classes again, from embeddings that were kept."
            ),
        ),
        grouped=True,
    )


def _rows(one: LearnResult) -> Iterator[tuple[TableCell, ...]]:
    name = text_cell(_name(one))
    for number, head in enumerate(one.heads):
        yield (
            TableCell(lines=name.lines, repeated=number > 0),
            TableCell(lines=(CellLine(text=str(head.each)),), sort=head.each),
            text_cell(_METHODS.get(head.method, head.method)),
            TableCell(lines=(CellLine(text=accuracy_text(head)),), sort=head.accuracy * 100, unit="%"),
            TableCell(lines=(CellLine(text=_ms(head.learn_ms)),), sort=head.learn_ms, unit="ms"),
            TableCell(
                lines=(CellLine(text=_ms(head.usable_ms)),) if head.usable_ms is not None else (),
                sort=head.usable_ms,
                unit="ms",
            ),
        )


def accuracy_text(head: HeadResult) -> str:
    """`77.5 ± 1.3 %`, without the spread where there was one draw."""
    spread = "" if head.accuracy_sd is None else f" ± {head.accuracy_sd * 100:.1f}"
    return f"{head.accuracy * 100:.1f}{spread} %"


def _ms(value_ms: float) -> str:
    return f"{milliseconds(value_ms)} ms" if value_ms >= 0.01 else f"{value_ms * 1000:.1f} µs"  # noqa: PLR2004


def _name(one: LearnResult) -> str:
    place = "" if one.place == "local" else f" {one.place}"
    return f"{one.model} {one.precision} on {one.device}{place}, {one.runtime}"
