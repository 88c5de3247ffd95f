"""The wheel, installed into a clean environment and run from another folder, as somebody else would."""

import os
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
ROOMS = ("agents", "topics", "models", "monitoring")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout by the build tool of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a new environment with the wheel in it.

    What it depends on is borrowed from this environment by a .pth file, which brings packages and not this
    environment's own .pth files: the checkout stays out.
    """
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    install = ["-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, *install], check=True, capture_output=True, timeout=120)
    (site_packages,) = home.glob("lib/python*/site-packages")
    (site_packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python.parent


def run(
    command: list[str | Path], cwd: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, without the settings of whoever runs the tests."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        command,
        cwd=cwd,
        env=kept | (environment or {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_wheel_holds_every_file_of_the_four_rooms_and_nothing_else(wheel: Path) -> None:
    """Rules, lexicons and the jars' lock are data without which the code does nothing."""
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    there = {
        path.relative_to(CHECKOUT).as_posix()
        for room in ROOMS
        for path in (CHECKOUT / room).rglob("*")
        if path.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in path.parts)
    }
    assert inside == there | {
        *("agents/embedded/jgo.toml", "agents/embedded/jgo.lock.toml", "agents/doctor/requirements.lock"),
    }


def test_the_command_runs_from_another_folder(installed: Path, tmp_path: Path) -> None:
    """Help names the commands; the version is the one that was built."""
    told = run([installed / "barometer", "--help"], tmp_path)
    assert told.returncode == 0, told.stderr
    assert "worker" in told.stdout
    assert "verify" in told.stdout
    examined = run([installed / "barometer", "doctor", "--brokers", "127.0.0.1:1", "--json"], tmp_path)
    assert examined.returncode == 3, examined.stderr
    assert "list of tested versions was not installed" not in examined.stdout
    version = run([installed / "barometer", "--version"], tmp_path)
    assert "unknown" not in version.stdout
    assert version.stdout.startswith("barometer, version ")


def test_an_installation_imports_its_own_files_and_finds_the_lock(installed: Path, tmp_path: Path) -> None:
    """Nothing is taken from the checkout."""
    script = (
        "import agents.cli, models.events; from agents.embedded.jars import lock_path, read_lock\n"
        "print(agents.cli.__file__, models.events.__file__, lock_path(), len(read_lock(lock_path())))"
    )
    told = run([installed / "python", "-c", script], tmp_path)
    assert told.returncode == 0, told.stderr
    *paths, jars = told.stdout.split()
    assert all(Path(path).is_relative_to(installed.parent) for path in paths)
    assert int(jars) > 40


@pytest.mark.parametrize("room", ["models", "topics", "monitoring"])
def test_a_foreign_package_of_a_rooms_name_is_refused_by_name(
    installed: Path, tmp_path: Path, room: str
) -> None:
    """The rooms have common names; another project's package earlier on the path is never run by mistake."""
    foreign = tmp_path / "elsewhere" / room
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").write_text("", encoding="utf-8")
    told = run([installed / "barometer", "--help"], tmp_path, {"PYTHONPATH": str(foreign.parent)})
    assert told.returncode == 3
    assert f"'{room}'" in told.stderr
    assert str(foreign) in told.stderr


def test_an_installation_starts_the_embedded_parts_and_ends_them(installed: Path, tmp_path: Path) -> None:
    """`barometer up` from a wheel: settings on stdout, words on stderr, Ctrl-C is its ordinary end."""
    cache = tmp_path / "cache" / "barometer-cx"
    cache.mkdir(parents=True)
    (cache / "kafka").symlink_to(CHECKOUT / ".cache" / "kafka")  # the jars are fetched already
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    with subprocess.Popen(
        [installed / "barometer", "up", "--no-topics"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        settings = [process.stdout.readline().strip() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=30)
    assert [line.partition("=")[0] for line in settings] == [
        "BAROMETER_BROKERS",
        "BAROMETER_REPLICATION",
        "BAROMETER_REDIS_URL",
    ], said
    assert rest == ""
    assert "are up" in said
    assert process.returncode == 0
