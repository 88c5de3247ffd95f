"""The dashboards that Grafana is given are those of the code, and nothing stands in them that Grafana would not understand."""

import json
from typing import Any, Final

import jsonschema
import pytest

from monitoring.dashboards import DASHBOARDS, FOLDER, text_of
from monitoring.panels import Curves, Dashboard, Figure, Query

TEXT: Final = {"type": "string", "minLength": 1}
SOURCE: Final = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "uid"],
    "properties": {"type": {"const": "prometheus"}, "uid": TEXT},
}
PLACE: Final = {"type": "integer", "minimum": 0}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["uid", "title", "schemaVersion", "panels", "time", "templating", "annotations"],
    "properties": {
        "uid": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,40}$"},
        **dict.fromkeys(("title", "description", "timezone"), TEXT),
        "tags": {"type": "array", "items": TEXT},
        "schemaVersion": {"type": "integer", "minimum": 36},
        "version": {"type": "integer"},
        "editable": {"type": "boolean"},
        "refresh": {"type": "string", "pattern": "^[0-9]+[smh]$"},
        "time": {"type": "object", "required": ["from", "to"]},
        **{key: {"type": "object", "required": ["list"]} for key in ("annotations", "templating")},
        "panels": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": [
                    "id",
                    "type",
                    "title",
                    "gridPos",
                    "targets",
                    "fieldConfig",
                    "options",
                    "datasource",
                ],
                "properties": {
                    "id": {"type": "integer", "minimum": 1},
                    "type": {"enum": ["stat", "timeseries"]},
                    **dict.fromkeys(("title", "description"), TEXT),
                    "datasource": SOURCE,
                    "gridPos": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["x", "y", "w", "h"],
                        "properties": {"x": PLACE, "y": PLACE, "w": {**PLACE, "maximum": 24}, "h": PLACE},
                    },
                    "fieldConfig": {
                        "type": "object",
                        "required": ["defaults", "overrides"],
                        "properties": {
                            "defaults": {
                                "type": "object",
                                "required": ["unit"],
                                "properties": {"unit": {"enum": ["none", "short", "s", "percentunit"]}},
                            }
                        },
                    },
                    "options": {"type": "object"},
                    "targets": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["refId", "datasource", "expr"],
                            "properties": {
                                "refId": {"type": "string", "pattern": "^[A-Z]$"},
                                "datasource": SOURCE,
                                "expr": TEXT,
                                "legendFormat": {"type": "string"},
                            },
                        },
                    },
                },
            },
        },
    },
}
"""The part of Grafana's dashboard model that is used here; anything beside it is a mistake."""


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_file_is_what_the_code_says(name: str) -> None:
    """`make fmt` writes it."""
    assert (FOLDER / name).read_text(encoding="utf-8") == text_of(DASHBOARDS[name]), "run make fmt"


def test_every_file_has_its_code() -> None:
    """One that was left behind would be loaded and never looked after."""
    assert {path.name for path in FOLDER.glob("*.json")} == DASHBOARDS.keys()
    assert len({dashboard.uid for dashboard in DASHBOARDS.values()}) == len(DASHBOARDS)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_keeps_to_the_schema(name: str) -> None:
    """A misspelt key would be ignored by Grafana without a word."""
    document = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert [error.message for error in validator.iter_errors(document)] == []
    document["panels"][0]["tragets"] = []
    assert list(validator.iter_errors(document)), "a schema that takes anything proves nothing"


def test_panels_are_laid_out_in_rows() -> None:
    """Four figures in a row, two curves in a row, a new row where the height changes."""
    figure, curves = Figure("f", "F.", Query("1")), Curves("c", "C.", (Query("1"), Query("2")))
    panels = Dashboard("u", "t", "d", (*[figure] * 5, *[curves] * 3)).document()["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert places == [(0, 0), (6, 0), (12, 0), (18, 0), (0, 4), (0, 8), (12, 8), (0, 16)]
    assert [target["refId"] for target in panels[-1]["targets"]] == ["A", "B"]
