"""The `devbench` command: finds a subcommand, loads only that one, and turns errors into exit statuses."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from devbench import __version__
from devbench.cli.streams import check_output
from devbench.errors import DevbenchError, NothingMeasuredError

EXIT_ERROR, EXIT_USAGE, EXIT_INCOMPLETE, EXIT_INTERRUPTED = 1, 2, 3, 130

# Name and one line of help for each, so that `devbench --help` loads none of them.
COMMANDS = {
    "run": "Measure a suite.",
    "accuracy": "How often do the files of a suite answer rightly, on each device? Nothing is timed.",
    "learn": "Learn the last layer of a network on each device: time and accuracy.",
    "devices": "List every device and place: ready, or why not.",
    "models": "List the model catalogue.",
    "cache": "Show what the cache keeps, and clean it.",
    "plugins": "List the plugins, where they come from, and what is wrong with them.",
    "new-plugin": "Write the distribution of a new plugin.",
    "inspect": "What is this network, what stands in its way, what to do?",
    "make": "Make what a suite will measure, and print how.",
    "check": "Will a model file run on an accelerator? Each rule, kept or broken.",
    "predict": "Predict the time of a model on devices with published figures.",
    "doctor": "Is this machine fit to measure on? What to change.",
    "report": "Show runs and results CSVs as tables, Markdown, CSV, JSON, HTML or plots.",
    "limits": "The least time that the hardware allows, and how near figures are to it.",
    "compare": "Compare two runs of one suite: faster, slower, no difference shown.",
    "lab": "Measure every night: run, status, check, hold, return, release.",
    "history": "How cases went over nights, and why there was an alarm or none.",
    "publish": "Write a run as a CSV with its description, for others to cite.",
    "verify": "Check that a CSV or a run follows from its samples.",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"devbench.cli.{cmd_name.replace('-', '_')}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(_no_such_command(args[0]))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _no_such_command(word: str) -> str:
    from devbench.suites.names import nearest

    if word == "help":
        return "did you mean `devbench --help`?"
    if word.endswith((".yaml", ".yml")):
        return f"'{word}' is not a command; did you mean `devbench run {word}`?"
    if "/" in word or word.endswith(".csv"):
        return f"'{word}' is not a command; did you mean `devbench report {word}`?"
    return f"there is no command '{word}'{nearest(word, tuple(COMMANDS))}"


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="devbench")
def app() -> None:
    """Measure neural networks on inference devices: which is faster, by how much, and how sure it is."""


def run_app(arguments: list[str]) -> int:
    """Run the command line `arguments`; its exit status."""
    try:
        result = app.main(arguments, prog_name="devbench", standalone_mode=False)
        check_output()
    except DevbenchError as error:
        show_error(error)
        return EXIT_INCOMPLETE if isinstance(error, NothingMeasuredError) else EXIT_ERROR
    except click.UsageError as error:
        error.show()
        return EXIT_USAGE
    except click.ClickException as error:
        error.show()
        return EXIT_ERROR
    except (click.Abort, KeyboardInterrupt):
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except OSError as error:  # the last resort: whoever opens a file has a better message
        where = f"{error.filename}: " if error.filename else ""
        show_error(DevbenchError(f"{where}{error.strerror or error}"))
        return EXIT_ERROR
    return result if isinstance(result, int) else 0


def show_error(error: DevbenchError) -> None:
    """What is wrong, where, and what to do next, on stderr."""
    sys.stdout.flush()  # in this order too where both go to one place
    print(f"error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"  → {error.hint}", file=sys.stderr)
