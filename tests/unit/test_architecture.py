"""The shape of the project: four rooms, one direction of imports, small files with names that say something."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
ROOMS = ("agents", "topics", "models", "monitoring")
LINES_MAX = 400
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "base"}
FOREIGN_TO_MODELS = {
    "aiohttp",
    "aiokafka",
    "confluent_kafka",
    "faust",
    "kafka",
    "mode",
    "prometheus_client",
    "redis",
}
CLOCKS = {
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.monotonic",
    "time.monotonic_ns",
    "time.time",
    "time.time_ns",
}


def sources(*folders: str) -> Iterator[Path]:
    """Yield the Python files of folders of the checkout."""
    for folder in folders:
        yield from sorted((CHECKOUT / folder).rglob("*.py"))


def shown(path: Path) -> str:
    """Return a path as people write it."""
    return path.relative_to(CHECKOUT).as_posix()


def modules_of(room: str) -> list[str]:
    """Return the dotted name of every module of a room."""
    return [
        ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")
        for path in sources(room)
    ]


def loaded_after_importing(modules: list[str]) -> set[str]:
    """Return the top-level names in `sys.modules` of a fresh interpreter that imported `modules`."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "for name in sys.argv[2:]: __import__(name)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(CHECKOUT), *modules],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return set(told.stdout.split())


def test_importing_every_model_loads_no_broker_cache_framework_or_metrics() -> None:
    """Not even through a library that models may use: the interpreter itself is asked."""
    assert not loaded_after_importing(modules_of("models")) & FOREIGN_TO_MODELS


def test_importing_topics_and_monitoring_loads_no_faust() -> None:
    """Contracts and metrics can be used by programs that are no Faust workers."""
    assert not loaded_after_importing(modules_of("topics") + modules_of("monitoring")) & {"faust", "mode"}


def test_the_command_line_answers_without_loading_faust() -> None:
    """`barometer --help` is quick because commands are loaded when they are asked for."""
    assert not loaded_after_importing(["agents.cli"]) & {"faust", "aiokafka", "confluent_kafka", "scipy"}


def clocks_read(source: str) -> list[str]:
    """Return `line: name` of every clock that a source names, as `time.time` or by `from time import time`."""
    named: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            named.append((node.lineno, f"{node.value.id}.{node.attr}"))
        elif isinstance(node, ast.ImportFrom):
            named += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return [f"{line}: {name}" for line, name in named if name in CLOCKS]


def test_models_read_no_clock() -> None:
    """Time is event time, and it is handed in: otherwise a replay would decide differently."""
    found = {shown(path): clocks_read(path.read_text(encoding="utf-8")) for path in sources("models")}
    assert {path: clocks for path, clocks in found.items() if clocks} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time\nnow = time.time()", ["2: time.time"]),
        ("from time import monotonic", ["1: time.monotonic"]),
        ("from datetime import datetime\nnow = datetime.now", ["2: datetime.now"]),
        ("from datetime import datetime\nthen = datetime.fromtimestamp(0)", []),
    ],
)
def test_the_search_for_clocks_finds_them(source: str, found: list[str]) -> None:
    """A search that cannot find proves nothing."""
    assert clocks_read(source) == found


@pytest.mark.parametrize("path", list(sources(*ROOMS)), ids=shown)
def test_a_file_opens_with_what_it_owns_and_stays_short(path: Path) -> None:
    """A docstring first, 400 lines at most, and a name that says something."""
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert text.count("\n") <= LINES_MAX
    assert not set(path.relative_to(CHECKOUT).with_suffix("").parts) & NAMES_THAT_SAY_NOTHING


@pytest.mark.parametrize("path", [path for path in sources(*ROOMS) if path.name == "__init__.py"], ids=shown)
def test_an_init_holds_a_docstring_and_nothing_else(path: Path) -> None:
    """Whoever looks for code need not look there, and importing a room imports nothing."""
    assert len(ast.parse(path.read_text(encoding="utf-8")).body) == 1


def test_every_folder_of_a_room_that_holds_code_is_a_package() -> None:
    """A folder without `__init__.py` would be found on the path by anybody's folder of the same name."""
    folders = {path.parent for path in sources(*ROOMS)}
    assert [shown(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize("path", list((CHECKOUT / "tests").rglob("test_*.py")), ids=shown)
def test_every_test_says_in_a_sentence_why_it_is_there(path: Path) -> None:
    """The name says what is so, the docstring why it matters or how it is seen."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    assert functions
    assert [function.name for function in functions if not ast.get_docstring(function)] == []
