"""`barometer route`: the way of a complaint through the rules, and what is wrong in a file of them."""

import json
from pathlib import Path

from click.testing import CliRunner

from agents.commands.route import route
from models.datafile import packaged


def test_a_text_is_followed_to_its_queue() -> None:
    """Classified, given its priority with the reasons, and routed; as JSON with every rule that was asked."""
    shown = CliRunner().invoke(
        route, ["explain", "--text", "再不退费就去工信部投诉", "--region", "44", "--json"]
    )
    told = json.loads(shown.stdout)
    assert shown.exit_code == 0
    assert told["priority"] == "P2"
    assert told["priorityReasons"] == ["escalation_intent"]
    assert (told["department"], told["queue"]) == ("billing", "billing.44")
    assert [one["failing"] is None for one in told["rules"]][-2:] == [False, True]


def test_a_code_is_followed_in_words_and_one_of_both_must_be_given() -> None:
    """Every rule in a line, with why it does not apply."""
    shown = CliRunner().invoke(route, ["explain", "NET.OUTAGE", "--priority", "P1"])
    assert shown.stdout.splitlines()[-1] == "department network, queue network.outage"
    assert "  no   enterprise service: subcategories: NET.OUTAGE is none of ENT." in shown.stdout
    assert CliRunner().invoke(route, ["explain"]).exit_code == 2
    assert CliRunner().invoke(route, ["explain", "NET.DROP", "--text", "x"]).exit_code == 2
    assert CliRunner().invoke(route, ["explain", "--text", "x", "--channel", "dream"]).exit_code == 2


def test_a_wrong_file_is_told_with_its_line(tmp_path: Path) -> None:
    """And its exit code is 1; the shipped one is right."""
    assert CliRunner().invoke(route, ["check"]).exit_code == 0
    own = tmp_path / "own.yaml"
    own.write_text(packaged("routing.yaml").replace("department: security", "department: nobody"))
    shown = CliRunner().invoke(route, ["check", str(own)])
    assert shown.exit_code == 1
    assert "own.yaml:" in shown.stderr
    assert "use default or network" in shown.stderr
