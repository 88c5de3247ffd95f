"""A broken policy ends a worker before it begins; one that breaks later leaves the one before in force."""

import gc
import logging
import sys
from pathlib import Path

import pytest

from agents import cli
from agents.duty.owner import DutyOwner
from agents.duty.policy import PolicyFile, PolicyRefused
from agents.settings import Settings
from models.dutyfile import load_duty

BROKEN = "groups:\n  - {id: all, wait: soon, interval: 5m, repeat: 4h}\ncolour: red\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A copy of the shipped policy."""
    path = tmp_path / "own.yaml"
    path.write_bytes((Path(__file__).parents[3] / "models" / "data" / "duty.yaml").read_bytes())
    return path


def test_every_mistake_is_told_with_file_line_field_and_remedy(file: Path) -> None:
    """And with the setting that names the file."""
    file.write_text(BROKEN, encoding="utf-8")
    with pytest.raises(PolicyRefused) as refused:
        PolicyFile(file)
    first, *lines = str(refused.value).splitlines()
    assert first.startswith("BAROMETER_DUTY_FILE: ")
    assert any(f"{file}:2:15: groups[0].wait is " in line and "; write" in line for line in lines), lines
    assert any(f"{file}:3:1: colour is not known; use one of" in line for line in lines), lines


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(PolicyRefused, match=r"BAROMETER_DUTY_FILE: .*none\.yaml.* cannot be read"):
        PolicyFile(tmp_path / "none.yaml")


def test_a_worker_refuses_to_start_with_exit_code_2(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it asks a broker anything: the one here is nobody. And the collector of cycles is not left off."""
    file.write_text(BROKEN, encoding="utf-8")
    monkeypatch.setenv("BAROMETER_DUTY_FILE", str(file))
    monkeypatch.setenv("BAROMETER_BROKERS", "127.0.0.1:1")
    monkeypatch.setattr(sys, "argv", ["barometer", "worker"])
    monkeypatch.setattr("monitoring.logs.configure_logging", lambda *_, **__: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert gc.isenabled()
    told = capsys.readouterr().err
    assert f"{file}:2:15: groups[0].wait" in told
    assert "Traceback" not in told


def test_a_policy_that_breaks_later_leaves_the_one_before(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Read anew by whoever becomes the desk; mended, it counts the next time."""
    good = file.read_text(encoding="utf-8")
    policy = PolicyFile(file)
    assert policy.latest() == load_duty()
    file.write_text(BROKEN, encoding="utf-8")
    with caplog.at_level(logging.ERROR):
        assert policy.latest() == load_duty()
    assert "the policy before stays in force" in caplog.text
    assert f"{file}:2:15: groups[0].wait" in caplog.text
    file.write_text(good.replace("id: default", "id: everything", 1), encoding="utf-8")
    assert policy.latest().groups[0].id == "everything"


def test_an_owner_reads_it_when_it_is_made(file: Path) -> None:
    """Not when the desk begins, where nobody looks any more."""
    file.write_text(BROKEN, encoding="utf-8")
    with pytest.raises(PolicyRefused):
        DutyOwner(Settings(duty_file=file), None, lambda _: None)  # type: ignore[arg-type]
