"""The files about outages that settings name: used by the desk, refused before a worker asks a broker anything."""

import sys
from pathlib import Path

import pytest

from agents import cli
from agents.doctor.configuration import examine
from agents.faults.policies import OutageFileRefused, load_policies
from agents.settings import Settings
from models.datafile import packaged
from models.joining import Desk
from models.noticefile import FILE as NOTICES
from models.noticefile import load_notices
from models.sizefile import FILE as SIZES
from models.sizefile import load_sizes
from tests.unit.models.outages import EXPLANATIONS, NAMES, Bench, complaint, report


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """Settings with files of an operator whose limits are lower and whose words are shorter."""
    sizes, notices = tmp_path / "sizes.yaml", tmp_path / "notices.yaml"
    sizes.write_text(packaged(SIZES).replace("at_least: 100_000", "at_least: 10"), encoding="utf-8")
    notices.write_text(packaged(NOTICES).replace("wait: 10m", "wait: 20m"), encoding="utf-8")
    return Settings(outage_size_file=sizes, notices_file=notices)


def test_the_desk_goes_by_the_files_that_are_named(own: Settings) -> None:
    """By the shipped ones where none is."""
    assert load_policies(Settings()) == (load_sizes(), load_notices())
    bench = Bench(Desk(1, EXPLANATIONS, NAMES, **load_policies(own)._asdict()))
    bench.take(report("a", "10:00", affected_subscribers=10), complaint("c", "11:30"))
    assert (bench.last["a"].size_class, bench.notices[0].time) == ("large", "2026-03-01T10:20:00Z")


def test_a_worker_refuses_a_wrong_file_with_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it asks a broker anything: the one here is nobody."""
    file = tmp_path / "notices.yaml"
    file.write_text(packaged(NOTICES).replace("wait: 10m", "wait: soon"), encoding="utf-8")
    monkeypatch.setenv("BAROMETER_NOTICES_FILE", str(file))
    monkeypatch.setenv("BAROMETER_BROKERS", "127.0.0.1:1")
    monkeypatch.setattr(sys, "argv", ["barometer", "worker"])
    monkeypatch.setattr("monitoring.logs.configure_logging", lambda *_, **__: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert f"BAROMETER_NOTICES_FILE: {file}: wait is 'soon'" in told
    assert "Traceback" not in told


def test_a_missing_file_is_named_with_its_setting(tmp_path: Path) -> None:
    """Also by the doctor."""
    settings = Settings(outage_size_file=tmp_path / "none.yaml")
    with pytest.raises(OutageFileRefused, match=r"BAROMETER_OUTAGE_SIZE_FILE: .*none\.yaml.* cannot be read"):
        load_policies(settings)
    assert any("BAROMETER_OUTAGE_SIZE_FILE" in one.what for one in examine(settings, {}))
