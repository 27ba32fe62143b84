"""Every column of a results CSV: the contract with those who read one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

SCHEMA = 3
Kind = Literal["text", "choice", "count", "positive", "number", "time", "sha256"]


@dataclass(frozen=True)
class Column:
    """One column.

    kind: what a filled cell must be: `positive` is a number above 0, `count` a whole number from 0.
    unit: of a number; it is in the name as well. since: the first schema that has it.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    since: int = 1


def _text(name: str, meaning: str) -> Column:
    return Column(name, "text", meaning)


def _ms(name: str, meaning: str) -> Column:
    return Column(name, "positive", meaning, unit="ms")


def _since_3(column: Column) -> Column:
    return replace(column, since=3)


COLUMNS: tuple[Column, ...] = (
    Column("schema", "count", "version of this list of columns"),
    _text("source", "whose figure: `devbench` for what devbench measured, else the name of the published table"),
    _text("source_url", "where the figure was published"),
    Column("retrieved", "time", "day on which the source was read (ISO 8601)"),
    _text("run", "id of the run; its folder holds every sample"),
    _text("suite", "name of the suite that was measured"),
    _text("case", "identifies the row in its source"),
    _text("model", "usual name of the network"),
    Column("model_sha256", "sha256", "SHA-256 of the file that was executed"),
    _text("weights", "which weights the file holds: random, imagenet, as in the file"),
    _text("precision", "type of the network's weights and activations: float32, float16, int8"),
    _text("input_shape", "sizes of the inputs, `x` between sizes and `;` between inputs; two sizes are width x height"),
    Column("batch", "count", "inputs in one inference"),
    _text("device", "kind of device that executed the network"),
    _text("place", "which one; of published figures, the name that the source prints"),
    _text("host", "machine or board that the device sits in"),
    _text("accelerator", "chip or stick that executed the network, if not the CPU"),
    _text("link", "how the accelerator is connected"),
    _text("os", "operating system of the host"),
    _text("cpu", "processor of the host"),
    _text("governor", "what set the processor's clock"),
    _text("runtime", "software that executed the network"),
    _text("runtime_version", "its version"),
    _text("delegate", "library that drove the accelerator for the runtime"),
    _text("delegate_version", "its version"),
    replace(_text("delegate_build", "which of its builds, where there are several: std, max"), since=3),
    Column("operations", "count", "operations of the network, as the runtime is given it", since=3),
    Column("cpu_operations", "count", "operations that the accelerator's compiler left on the CPU", since=3),
    Column("streamed_bytes", "count", "parameters sent to the accelerator with every inference", unit="B", since=3),
    Column("threads", "count", "threads the runtime was given"),
    _text("options", "the runtime's other options, `;` between them"),
    _text(
        "region",
        "what was timed: `invoke` (from inputs in place to outputs ready, copies to the device included)",
    ),
    _since_3(_text("scenario", "how inferences are asked for: burst is one after the other without a pause")),
    Column("status", "choice", "outcome of the case", choices=("measured", "published", "skipped", "failed")),
    _text("reason", "why there is no figure"),
    Column("verdict", "choice", "whether the figure can be trusted", choices=("clean", "suspect", "contaminated")),
    _text("verdict_reasons", "why it is not clean, `;` between reasons"),
    replace(_text("verdict_remedies", "what to do about each of these, `;` between them"), since=2),
    Column("rounds", "count", "fresh processes that measured the case"),
    Column("samples", "count", "timed inferences"),
    Column("statistic", "choice", "what `latency_ms` is of the samples", choices=("median", "mean", "unspecified")),
    _ms("latency_ms", "time of one inference"),
    _ms("low_ms", "lower end of its interval"),
    _ms("high_ms", "upper end of its interval"),
    Column(
        "interval", "choice", "95 % interval of the statistic, or what rounding allows", choices=("ci95", "rounding")
    ),
    _since_3(
        Column(
            "interval_covers",
            "choice",
            "what low_ms and high_ms cover: measured again on this machine, or within this run (another round of it)",
            choices=("machine", "run"),
        )
    ),
    _since_3(_ms("run_low_ms", "lower end of the 95 % interval within this run: for ratios inside it")),
    _since_3(_ms("run_high_ms", "upper end of it")),
    _since_3(
        Column("between_runs_sd", "number", "spread between runs at the place: standard deviation of the logarithm")
    ),
    _since_3(Column("between_runs", "count", "earlier runs that this was learned from; 0 is a default")),
    _since_3(_ms("fastest_ms", "time of an undisturbed inference: fastest percent in the faster half of rounds")),
    _since_3(_ms("fastest_low_ms", "lower end of its 99 % interval, measured again on this machine")),
    _since_3(_ms("fastest_high_ms", "upper end of it")),
    _ms("mean_ms", "arithmetic mean of the samples"),
    _ms("min_ms", "smallest sample"),
    _ms("max_ms", "largest sample"),
    Column("stdev_ms", "number", "standard deviation of the samples", unit="ms"),
    _ms("p90_ms", "90th percentile"),
    _ms("p90_bound_ms", "upper bound of the true 90th percentile, with 99 % confidence"),
    _ms("p99_ms", "99th percentile"),
    _ms("p99_bound_ms", "upper bound of the true 99th percentile, with 99 % confidence"),
    replace(_ms("compute_ms", "median of the compute alone, without copies to and from the device"), since=2),
    replace(_ms("compute_low_ms", "lower end of its interval"), since=2),
    replace(_ms("compute_high_ms", "upper end of its interval"), since=2),
    _ms("load_ms", "time to open the model and allocate its tensors"),
    _ms("first_ms", "time of the first inference"),
    Column("throughput_per_s", "positive", "inferences per second: as published, or 1 over the mean", unit="1/s"),
    Column("host_cpu_ms", "number", "CPU time of the whole worker process per inference", unit="ms"),
    Column("peak_memory_mib", "number", "largest resident memory of the worker process", unit="MiB"),
    Column("temperature_c_start", "number", "hottest sensor before the first timed loop", unit="degC"),
    Column("temperature_c_end", "number", "hottest sensor after the last timed loop", unit="degC"),
    Column("energy_mj", "number", "energy of one inference above the idle baseline", unit="mJ"),
    _since_3(Column("pictures", "count", "pictures that accuracy is of")),
    _since_3(Column("top1", "number", "share of pictures whose first class is right: 0.71 is 71 %")),
    _since_3(Column("top1_low", "number", "lower end of its 95 % interval")),
    _since_3(Column("top1_high", "number", "upper end of it")),
    _since_3(Column("top1_change", "number", "top1 less that of the source network on the same pictures")),
    _since_3(Column("top1_change_low", "number", "lower end of its 95 % interval")),
    _since_3(Column("top1_change_high", "number", "upper end of it")),
    _since_3(Column("agreement", "number", "share of pictures whose first class is that of the source network")),
    _since_3(_text("quality", "verdict on the file from accuracy and agreement")),
    Column("throughput_low_per_s", "positive", "lower end of the throughput's rounding", unit="1/s", since=2),
    Column("throughput_high_per_s", "positive", "upper end of the throughput's rounding", unit="1/s", since=2),
    Column("started_utc", "time", "when the first round began (ISO 8601)"),
    _text("devbench_version", "version of devbench that measured or made the row"),
)
NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)


def names_in(schema: int) -> tuple[str, ...]:
    """The header of a CSV of this schema."""
    return tuple(column.name for column in COLUMNS if column.since <= schema)
