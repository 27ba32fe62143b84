"""What the answers in the files of a run say: how many are right, and what changed against the source."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from devbench.domain.accuracy import Accuracy, Evaluation
from devbench.domain.case import PlannedCase
from devbench.domain.run import Run
from devbench.errors import DamagedError
from devbench.run.quality import SOURCE_PRECISION, Sheet, accuracy_of, source_of
from devbench.store.answers_file import read_answers
from devbench.store.checked import answers_of
from devbench.store.folder import RunFolder


def judged(
    run: Run,
    wanted: Collection[str],
    evaluations: Mapping[str, Evaluation],
    sources: Sequence[tuple[str, PlannedCase]],
    folder: RunFolder,
) -> Run:
    """The run with what the answers of the cases `wanted` say.

    evaluations: by case, also of those whose answers these are held against. sources: what was asked beside the cases,
    by file.
    """
    sheets: dict[str, Sheet] = {}
    for case in run.cases:
        evaluation, name = evaluations.get(case.id), answers_of(run, case.id)
        sheet = _sheet(folder, run, name, case.id, case.model, case.precision, evaluation)
        if sheet:
            sheets[case.id] = sheet
    beside = [
        _sheet(folder, run, name, planned.id, planned.model, SOURCE_PRECISION, planned.evaluation)
        for name, planned in sources
    ]
    others = [*sheets.values(), *filter(None, beside)]
    for case_id in [one for one in sheets if one in wanted]:
        run = _with_accuracy(run, case_id, accuracy_of(sheets[case_id], source_of(sheets[case_id], others)))
    return run


def _sheet(
    folder: RunFolder, run: Run, name: str, of: str, model: str, precision: str, evaluation: Evaluation | None
) -> Sheet | None:
    try:
        found = read_answers(folder, run, name)
    except DamagedError:
        return None
    if found is None or evaluation is None:
        return None
    pictures, answers = found
    return Sheet(
        id=of, model=model, precision=precision, file=name, evaluation=evaluation, pictures=pictures, answers=answers
    )


def _with_accuracy(run: Run, case_id: str, found: Accuracy) -> Run:
    """What was known before the answers were judged stays."""
    before = run.case(case_id).accuracy
    kept = replace(found, facts=before.facts, left_out=before.left_out) if before else found
    return run.with_case(replace(run.case(case_id), accuracy=kept))


def judged_again(run: Run, folder: RunFolder) -> Run:
    """The run with each accuracy made again from the answers. A `DamagedError` where these are not as written."""
    for case in run.cases:
        accuracy = case.accuracy
        if accuracy is None or accuracy.problem:
            continue
        evaluation = Evaluation(images=accuracy.images, drop=accuracy.drop)
        names = (answers_of(run, case.id), accuracy.reference_file)
        mine, its = (read_answers(folder, run, name) for name in names)
        sheets = [
            Sheet(
                id=of,
                model=case.model,
                precision=case.precision,
                file=name,
                evaluation=evaluation,
                pictures=found[0],
                answers=found[1],
            )
            for of, name, found in zip((case.id, accuracy.reference), names, (mine, its), strict=True)
            if found
        ]
        if mine:
            run = _with_accuracy(run, case.id, accuracy_of(sheets[0], sheets[1] if its else None))
    return run
