"""The command line: quick help, exit codes, completion, and the refusal of foreign packages."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from agents import cli
from models.errors import BarometerError

CHECKOUT = Path(__file__).resolve().parents[3]
HEAVY = {"aiokafka", "confluent_kafka", "faust", "kafka", "mode", "msgspec", "pydantic", "rich", "scipy"}


def run(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run `barometer ARGUMENTS` in a fresh interpreter, which tells at its end what it had loaded."""
    script = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('loaded', *{n.partition('.')[0] for n in sys.modules}, file=sys.stderr))\n"
        f"sys.path.insert(0, {str(CHECKOUT)!r})\n"
        f"{before}\n"
        "from agents.cli import main\n"
        "sys.argv = ['barometer', *sys.argv[1:]]\n"
        "sys.exit(main())"
    )
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def loaded(told: subprocess.CompletedProcess[str]) -> set[str]:
    return set(told.stderr.splitlines()[-1].split())


def test_help_loads_nothing_heavy() -> None:
    """It is what people ask first; it must not wait for Kafka's clients, nor fail with them."""
    told = run("--help")
    assert told.returncode == 0
    assert all(f"  {name}" in told.stdout for name in cli.COMMANDS)
    assert "click" in loaded(told), "the search finds what is there"
    assert not loaded(told) & HEAVY


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_that_is_listed_explains_itself(name: str) -> None:
    """By its own name, with an example that begins as people type it."""
    command = cli.barometer.get_command(click.Context(cli.barometer), name)
    assert command is not None
    assert command.name == name
    told = CliRunner().invoke(cli.barometer, [name, "--help"], prog_name="barometer")
    assert told.exit_code == 0
    assert f"Usage: barometer {name}" in told.stdout
    assert f"barometer {name}" in told.stdout.partition("\n")[2]


def helps(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    """Yield the help of a command and of all commands below it, by what people type."""
    context = click.Context(command, info_name=path)
    yield path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from helps(below, f"{path} {name}")


def test_no_help_shows_its_own_notation() -> None:
    """A docstring with `r` before it tells click nothing of its examples, and runs them together behind a `\\b`."""
    assert [path for path, told in helps(cli.barometer, "barometer") if "\\b" in told] == []


def test_every_command_that_there_is_is_listed() -> None:
    """A file in the folder that nobody can call would be forgotten."""
    files = {path.stem for path in (CHECKOUT / "agents" / "commands").glob("*.py")} - {"__init__"}
    assert {name.replace("-", "_") for name in cli.COMMANDS} == files


def failing(error: BaseException) -> click.Group:
    """A command line whose one command ends with `error`."""

    @click.group()
    def group() -> None: ...

    @group.command()
    @click.pass_context
    def fails(ctx: click.Context) -> None:
        raise error

    return group


def ends(monkeypatch: pytest.MonkeyPatch, *arguments: str, error: BaseException | None = None) -> object:
    """Return with what code the program ends."""
    if error is not None:
        monkeypatch.setattr(cli, "barometer", failing(error))
    monkeypatch.setattr(sys, "argv", ["barometer", *arguments])
    try:
        return cli.main() or 0
    except SystemExit as leave:
        return leave.code


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (click.exceptions.Exit(0), 0, ""),
        (click.exceptions.Exit(1), 1, ""),
        (click.UsageError("no such thing"), 2, "no such thing"),
        (BarometerError("no broker answers at x:1"), 3, "Error: no broker answers at x:1"),
        (cli.ForeignPackage("a stranger"), 3, "a stranger"),
        (click.Abort(), 130, "interrupted"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_the_exit_code_says_whose_fault_it_was(
    error: BaseException,
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """0 fine, 1 found something, 2 usage, 3 surroundings, 130 interrupted; messages on stderr only."""
    assert ends(monkeypatch, "fails", error=error) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err
    assert "Traceback" not in told.err


def test_a_defect_is_not_dressed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected comes with its traceback."""
    with pytest.raises(ZeroDivisionError):
        ends(monkeypatch, "fails", error=ZeroDivisionError())


@pytest.mark.parametrize("arguments", [["nope"], ["worker", "--nope"], ["completion", "tcsh"]])
def test_wrong_usage_ends_with_two(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says how it should have been."""
    assert ends(monkeypatch, *arguments) == 2
    assert "Usage: barometer" in capsys.readouterr().err


def test_a_wrong_setting_ends_with_three() -> None:
    """The variable is named, and nothing was connected."""
    told = run("worker", before="import os; os.environ['BAROMETER_PARTITIONS'] = '0'")
    assert told.returncode == 3
    assert "Error: BAROMETER_PARTITIONS (given: '0')" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("arguments", "content", "fault"),
    [
        (["worker"], b"cx-opin\x01" + b"?" * 64, "is damaged: its content and its digest differ"),
        (["classify", "-"], None, "cannot be read (No such file or directory)"),
    ],
    ids=["worker", "classify"],
)
def test_a_model_that_is_none_ends_with_three(
    arguments: list[str], content: bytes | None, fault: str, tmp_path: Path
) -> None:
    """The file is named with its fault and a remedy, before anything is asked of the cluster."""
    file = tmp_path / "ours.model"
    if content is not None:
        file.write_bytes(content)
    told = run(*arguments, before=f"import os; os.environ['BAROMETER_MODEL_FILE'] = {str(file)!r}")
    assert told.returncode == 3
    assert f"Error: {file} {fault}; " in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_calls_the_program(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the variable that it answers to."""
    assert ends(monkeypatch, "completion", shell) == 0
    assert f"_BAROMETER_COMPLETE={shell}_complete" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("barometer wor", {"worker"}),
        ("barometer worker --bro", {"--brokers"}),
        ("barometer do", {"doctor"}),
        ("barometer doctor --ro", {"--role"}),
        ("barometer doctor --role de", {"deliverer"}),
        ("barometer deliver f", {"failures"}),
        ("barometer deliver --rec", {"--receivers"}),
        ("barometer topics acls del", {"deliverer"}),
    ],
)
def test_completion_completes(
    words: str, expected: set[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands and their flags, as the shell asks for them."""
    monkeypatch.setenv("_BAROMETER_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    assert ends(monkeypatch) == 0
    assert {line.split(",")[1] for line in capsys.readouterr().out.splitlines()} == expected


@pytest.mark.parametrize("place", ["models/__init__.py", "models.py"])
def test_a_foreign_package_is_refused_by_name(place: str, tmp_path: Path) -> None:
    """Whether folder or file; it is named, and never run."""
    foreign = tmp_path / place
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("raise RuntimeError('a stranger ran')")
    told = run("--help", before=f"sys.path.insert(0, {str(tmp_path)!r})")
    assert told.returncode == 3, told.stderr
    assert f"the package 'models' that Python finds is not Barometer's: {tmp_path}" in told.stderr
    assert "PYTHONPATH" in told.stderr
    assert "Traceback" not in told.stderr


def test_our_own_packages_are_accepted(tmp_path: Path) -> None:
    """Foreign folders of other names do not matter."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "__init__.py").write_text("")
    assert run("--version", before=f"sys.path.insert(0, {str(tmp_path)!r})").returncode == 0
