"""The Jetson plugin: the board, its CPU, and what both were set to in each round. Untested on real hardware."""

from collections.abc import Generator, Iterable

from devbench import Case, Device, Place, Round, hookimpl


@hookimpl
def devbench_devices() -> Iterable[type[Device]]:
    """The board's GPU, and its CPU."""
    from devbench_jetson.devices import Jetson, JetsonCpu

    return [Jetson, JetsonCpu]


@hookimpl(wrapper=True)
def devbench_run_round(case: Case, place: Place) -> Generator[None, Round, Round]:  # noqa: ARG001 - pluggy goes by names
    """The round with what the board was, how it was set, and whether it throttled meanwhile."""
    if place.device not in ("jetson", "jetson-cpu"):
        return (yield)
    from devbench_jetson.record import look, with_facts

    before = look(place)
    done = yield
    return with_facts(done, before, look(place)) if done else done
