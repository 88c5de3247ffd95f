"""The command line: `barometer COMMAND`. Commands live in `agents/commands`, one file each, loaded when asked for."""

import os
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import click

ROOMS: Final = ("agents", "topics", "models", "monitoring")

COMMANDS: Final = {
    "demo": "Watch it work: embedded Kafka, a simulated day, live warnings, a worker killed in the middle.",
    "worker": "Run a worker: classify, count, judge, warn.",
    "deliver": "Deliver notifications to people: Alertmanager, webhooks, WeCom, DingTalk, Feishu.",
    "doctor": "Examine broker, topics, Redis, clocks, versions, rights and settings, and say what to do.",
    "up": "Start Kafka and Redis on free ports, for your own programs.",
    "simulate": "Write a simulated operator's events, with the truth about its incidents.",
    "replay": "Send recorded events into the topics, at any speed.",
    "tail": "Watch warnings, notices, notifications or classified complaints as they come.",
    "console": "Serve the operations console: live web pages of warnings, regions, satisfaction, pipeline, handover.",
    "board": "Show the live board in Redis, or rebuild it from Kafka.",
    "classify": "Say what texts are about: lines or JSON in, JSON out.",
    "classifier": "Measure the classifier on texts that people have labelled.",
    "detect": "Find the alarms in any series of counts: a CSV file, row by row.",
    "backtest": "Judge recorded events: what would have fired, what was right, and two rule files compared.",
    "rules": "Check rule files, put them in force, show a rule in words.",
    "route": "Check routing rules; explain who gets a complaint, and why.",
    "warnings": "List early warnings; acknowledge, assign, silence, judge; find noisy rules.",
    "explain": "Explain one early warning, with a chart of expected and observed.",
    "faults": "List network faults, planned work and the complaints that they explain.",
    "topics": "Create, list and check the topics and their contracts.",
    "deadletters": "List, show and replay refused records.",
    "verify": "Recompute everything from the source topics and compare.",
    "settings": "Show every setting in force and where it comes from.",
    "completion": "Print the shell completion script.",
}
"""Command name -> the line that `barometer --help` shows, so that help needs no import."""

EXIT_USAGE: Final = 2
"""Exit code where a file or an option is wrong, as click has it."""
EXIT_ENVIRONMENT: Final = 3
"""Exit code where the surroundings are at fault: broker unreachable, foreign package, wrong setting."""
EXIT_INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as shells have it."""


class ForeignPackage(click.ClickException):
    """Another distribution's `models` (or `agents`, ...) shadows ours."""

    exit_code = EXIT_ENVIRONMENT


def refuse_foreign_rooms() -> None:
    """Stop with a name when one of the four rooms is not the one that belongs to this file.

    The rooms have common names, so a `models/` or `models.py` on the path would otherwise be imported without a word.
    Nothing is imported to find out.
    """
    home = Path(__file__).resolve().parent.parent
    for room in ROOMS:
        spec = find_spec(room)
        named = [] if spec is None else spec.submodule_search_locations or [str(spec.origin)]
        places = [Path(place).resolve() for place in named]
        if places != [home / room]:
            found = ", ".join(str(place) for place in places) or "none"
            raise ForeignPackage(
                f"the package {room!r} that Python finds is not Barometer's: {found} (expected {home / room}). "
                "Start from another folder, or take the foreign one off PYTHONPATH."
            )


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"agents.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def release() -> str:
    """Return the installed version of this project."""
    try:
        return version("barometer-cx")
    except PackageNotFoundError:
        return "unknown (not installed)"


def _name_the_file(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Put `--config` where processes that a command starts find it too."""
    if value is not None:
        os.environ["BAROMETER_CONFIG"] = value


config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    expose_value=False,
    callback=_name_the_file,
    help="Settings as YAML or TOML, under the environment and flags; BAROMETER_CONFIG.",
)
"""Names the settings file; on the group for every command, and on those that run as services."""


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(release(), prog_name="barometer")
@config_option
def barometer() -> None:
    """Complaints are the barometer of satisfaction: exact counts and explained early warnings from Kafka.

    \b
    First steps
      barometer demo                     everything embedded, one minute
      barometer up                       Kafka and Redis for your own programs
      barometer topics create            the topics, on your cluster
      barometer worker                   a worker; start as many as there are partitions

    Settings come from a file (--config), the environment (BAROMETER_BROKERS=host:9092 ...) and flags of the same names;
    the later wins. `barometer settings` shows what is in force, and why.
    Exit codes: 0 fine, 1 a difference or failure was found, 2 wrong usage, 3 the surroundings are at fault.
    """


def main() -> Any:
    """Entry point of the script `barometer`."""
    try:
        refuse_foreign_rooms()
        return barometer.main(prog_name="barometer", standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:
        from models.errors import BarometerError

        if not isinstance(error, BarometerError):
            raise
        click.echo(f"Error: {error}", err=True)
        sys.exit(getattr(error, "exit_code", EXIT_ENVIRONMENT))


if __name__ == "__main__":
    sys.exit(main())
