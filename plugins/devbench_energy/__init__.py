"""The energy plugin: millijoules of one inference, from power rails or counters read outside the timed process."""

from collections.abc import Generator

from devbench import Case, Place, Round, hookimpl


@hookimpl(wrapper=True)
def devbench_run_round(case: Case, place: Place) -> Generator[None, Round, Round]:
    """The round as it was measured, with its energy where the machine has something to read it from."""
    from devbench_energy.watch import watching, with_energy

    with watching(case, place) as stop:
        done = yield
        return with_energy(done, stop()) if stop and done else done
