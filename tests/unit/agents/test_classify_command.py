"""`barometer classify` and `barometer classifier`: lines and JSON in, JSON out; labels in, tables out."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from agents.cli import barometer
from agents.training.talk import talk


def run(*arguments: str, text: str | bytes | None = None) -> Result:
    return CliRunner().invoke(barometer, arguments, input=text)


def test_every_line_has_its_answer_in_order() -> None:
    """Plain lines and JSON may be mixed; blank lines are passed over; ids come back."""
    lines = '宽带断网三天了\n\n{"text": "The agent was rude to me", "id": 7, "lang": "en"}\nThank you so much, great help\n'
    told = run("classify", "-", text=lines)
    assert told.exit_code == 0
    first, second, third = map(json.loads, told.stdout.splitlines())
    assert (first["category"], first["coarse"], first["department"]) == ("BRD", "network", "home-delivery")
    assert (second["id"], second["subcategory"], second["priority"]) == (7, "SVC.ATT", "P3")
    assert third["kind"] == "praise"
    reason = first["reasons"][0]
    assert "宽带断网三天了"[reason["start"] : reason["end"]].startswith(reason["term"].partition(" … ")[0])
    assert set(first) == {
        *("category", "subcategory", "coarse", "confidence", "secondary", "reasons"),
        *("kind", "priority", "department"),
    }


def test_a_line_that_is_no_text_is_answered_and_told() -> None:
    """The others are classified all the same; exit code 1."""
    told = run("classify", "-", text=b'{"text": 5}\n{"broken\n\xff\xfe\nslow internet\n')
    assert told.exit_code == 1
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert ["error" in row for row in rows] == [True, True, True, False]
    assert "3 lines were no texts" in told.stderr


def test_a_file_is_written_to_a_file(tmp_path: Path) -> None:
    """Nothing but the answers is in it."""
    (tmp_path / "in.txt").write_text("no signal here\n" * 3, encoding="utf-8")
    told = run("classify", str(tmp_path / "in.txt"), "--out", str(tmp_path / "out.jsonl"))
    assert (told.exit_code, told.stdout) == (0, "")
    assert [json.loads(row)["category"] for row in (tmp_path / "out.jsonl").read_text().splitlines()] == [
        "NET"
    ] * 3


def test_labels_are_compared_by_language(tmp_path: Path) -> None:
    """Accuracy, the confusion table and calibration for people; one object a language for machines."""
    file = tmp_path / "labels.jsonl"
    rows = [
        {"text": "no signal here", "label": "network", "lang": "en"},
        {"text": "I was charged twice", "label": "billing", "labels_ok": ["billing"], "lang": "en"},
        {
            "text": "营业员态度恶劣",
            "label": "network",
            "labels_ok": ["service"],
            "ambiguous": True,
            "lang": "zh",
        },
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    told = run("classifier", "evaluate", "--labels", str(file))
    assert told.exit_code == 0
    assert "en, as workers answer: 2 texts, 2 of them unambiguous" in told.stdout
    assert "no term of the lexicon and no text of the grammar was copied" in told.stdout
    english, chinese = map(
        json.loads, run("classifier", "evaluate", "--labels", str(file), "--json").stdout.splitlines()
    )
    assert (english["strict"], english["lenient"]) == (1.0, 1.0)
    assert (chinese["strict"], chinese["lenient"], chinese["strict_unambiguous"]) == (0.0, 1.0, 0.0)


def test_a_text_that_the_shipped_model_was_trained_of_is_told(tmp_path: Path) -> None:
    """Figures on it mean nothing; exit code 1."""
    file = tmp_path / "labels.jsonl"
    copied = next(text for _, text in talk("en", seed=1) if len(text.split()) > 8)
    file.write_text(json.dumps({"text": copied, "label": "network", "lang": "en"}), encoding="utf-8")
    told = run("classifier", "evaluate", "--labels", str(file))
    assert told.exit_code == 1
    assert "copied from these texts: " in told.stderr


def test_a_file_without_labels_is_refused_with_its_line(tmp_path: Path) -> None:
    """Line and remedy stand in the message; exit code 2."""
    file = tmp_path / "labels.jsonl"
    for content in ('{"text": "a"}', '{"text": "a", "label": "weather"}', ""):
        file.write_text(content)
        told = run("classifier", "evaluate", "--labels", str(file))
        assert told.exit_code == 2
        assert "labels.jsonl, line 1: " in told.stderr


def test_a_model_is_trained_and_told_apart_from_the_lexicon(tmp_path: Path) -> None:
    """Three judges a language; a word that only the training texts have is known to the model and to both."""
    taught = [
        {"text": f"zorple {word}", "label": "NET.SPEED"} for word in ("hums", "dies", "crawls", "is slow")
    ]
    taught += [
        {"text": f"quibble {word}", "label": "BIL.OVER"} for word in ("taken", "twice", "cost me", "again")
    ]
    history, labels, model = tmp_path / "history.jsonl", tmp_path / "labels.jsonl", tmp_path / "ours.model"
    history.write_text("\n".join(map(json.dumps, taught)))
    told = run("classifier", "train", "--labels", str(history), "--out", str(model), "--steps", "20")
    assert told.exit_code == 0
    assert "2 labels" in told.stdout
    labels.write_text(json.dumps({"text": "quibble quibble", "label": "billing", "lang": "en"}))
    rows = run(
        "classifier", "evaluate", "--labels", str(labels), "--model", str(model), "--json"
    ).stdout.splitlines()
    assert {row["judge"]: row["strict"] for row in map(json.loads, rows)} == {
        "lexicon alone": 0.0,
        "model alone": 1.0,
        "both": 1.0,
    }


def test_what_cannot_be_learned_from_is_refused_with_its_line(tmp_path: Path) -> None:
    """Labels that the taxonomy does not have, of several kinds, a code of another label, and no texts at all."""
    history = tmp_path / "history.jsonl"
    wrong = {
        '{"text": "a", "label": "weather"}': "is no coarse class, category or subcategory",
        '{"text": "a", "label": "NET"}\n{"text": "b", "label": "billing"}': "of several kinds",
        '{"text": "a", "label": "NET", "code": "BIL.OVER"}': "none of NET",
        '{"text": "a", "label": "NET"}': "one label alone",
        "": "there is no text in it",
    }
    for content, said in wrong.items():
        history.write_text(content)
        told = run("classifier", "train", "--labels", str(history), "--out", str(tmp_path / "m"))
        assert told.exit_code == 2
        assert said in told.stderr
    assert run("classifier", "train", "--out", str(tmp_path / "m")).exit_code == 2
    told = run("classifier", "evaluate", "--labels", str(history), "--model", str(history))
    assert told.exit_code == 2
