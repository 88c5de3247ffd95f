"""How people state incidents, and the picture of a simulation."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.commands.simulate import simulate
from agents.simulator.happen import happen
from agents.simulator.kinds import WORDS, stated
from agents.simulator.plot import Tally, draw
from agents.simulator.spec import FIRST_DAY, Incident, IncidentKind, SimulationSpec, days_from
from agents.simulator.world import world_of
from models.pane import DAY, HOUR, MINUTE

START, END = days_from(FIRST_DAY, 3)


@pytest.mark.parametrize(
    ("text", "incident"),
    [
        (
            "fibre_cut@44:08:30-10",
            Incident(
                IncidentKind.FIBRE_CUT, ("44",), END - DAY + 8 * HOUR + 30 * MINUTE, END - DAY + 10 * HOUR
            ),
        ),
        (
            "billing_error@33,44:1/9-2/9:05",
            Incident(
                IncidentKind.BILLING_ERROR, ("33", "44"), START + 9 * HOUR, START + 33 * HOUR + 5 * MINUTE
            ),
        ),
        ("price_change@all:1/0-3/24", Incident(IncidentKind.PRICE_CHANGE, ("all",), START, END)),
    ],
)
def test_an_incident_is_stated_by_kind_place_and_local_time(text: str, incident: Incident) -> None:
    """On the last day unless another one is named."""
    assert stated(text, START, END) == incident


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("fibre_cut", "is no incident; write KIND@REGION"),
        ("meteor@44:8-9", "there is no kind 'meteor'"),
        ("fibre_cut@all:8-9", "happens in provinces"),
        ("fibre_cut@44:9-8", "ends before it begins"),
        ("fibre_cut@44:4/8-4/9", "outside the simulated days"),
        ("fibre_cut@44:8:75-9", "is no time"),
        ("fibre_cut@44:25-26", "is no time"),
    ],
)
def test_what_is_no_incident_is_refused_with_how_it_is_written(text: str, reason: str) -> None:
    """Names what is wrong."""
    with pytest.raises(ValueError, match=reason):
        stated(text, START, END)


def test_every_kind_is_explained_and_made() -> None:
    """In words that agree with the rules that its truth names."""
    world = world_of(SimulationSpec(START, END, scale=0.01))
    assert set(WORDS) == set(IncidentKind)
    for number, kind in enumerate(IncidentKind, 1):
        truth = happen(number, Incident(kind, ("44",), END - 6 * HOUR, END - 4 * HOUR), world).truth
        if truth["expect"] == "raised":
            assert WORDS[kind][1].split(", ") == truth["rule"]["rules"]
        else:
            assert WORDS[kind][1] in {"nothing", "only suppressed"}


def test_the_command_lists_the_kinds_and_draws_a_picture(tmp_path: Path) -> None:
    """The picture is a PNG; without a folder there is nothing to do."""
    listed = CliRunner().invoke(simulate, ["--list-kinds"])
    assert listed.exit_code == 0
    assert all(kind in listed.output for kind in IncidentKind)
    assert CliRunner().invoke(simulate, []).exit_code == 2
    picture = tmp_path / "day.png"
    options = ["--out", str(tmp_path), "--scale", "0.01", "--plot", str(picture), "--json"]
    stated_ = ["--incidents", "clock_behind@44:8-9", "--incidents", "planned_work@32:1-3"]
    result = CliRunner().invoke(simulate, [*options, *stated_])
    assert result.exit_code == 0, result.output
    assert '"incidents": 2' in result.output
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_picture_without_matplotlib_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3, before anything is simulated."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    result = CliRunner().invoke(simulate, ["--out", str(tmp_path / "out"), "--plot", "x.png"])
    assert result.exit_code == 3
    assert "pip install matplotlib" in result.output
    assert not (tmp_path / "out").exists()


def test_a_picture_of_a_quiet_holiday_week_can_be_drawn(tmp_path: Path) -> None:
    """Without any event or incident, and with holidays in it."""
    from datetime import date

    path = tmp_path / "week.png"
    draw(Tally(), SimulationSpec(*days_from(date(2025, 4, 26), 10), kinds=()), (), path)
    assert path.stat().st_size > 10_000
