"""Grafana dashboards as code: what stands on each is in `monitoring.dashboards`, how Grafana writes it is here.

Owns the layout: four figures in a row of 4 units, then curves two by two, in the order in which they are named.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, Final

SOURCE: Final = {"type": "prometheus", "uid": "barometer-prometheus"}
"""The data source of monitoring/grafana/datasource.yml."""
SCHEMA_VERSION: Final = 39
"""Of Grafana 11.0; newer ones read it."""
WIDTH: Final = 24


@dataclass(frozen=True, slots=True)
class Query:
    """A curve, or several; `legend` may name labels: `{{stream}}`."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, coloured by `steps`: (from, colour), the first from nothing on."""

    title: str
    description: str
    query: Query
    unit: str = "none"
    steps: tuple[tuple[float | None, str], ...] = ((None, "green"),)

    def body(self) -> dict[str, Any]:
        steps = [{"color": colour, "value": value} for value, colour in self.steps]
        return {
            "type": "stat",
            "fieldConfig": _fields(self.unit, {"thresholds": {"mode": "absolute", "steps": steps}}),
            "options": {
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                "colorMode": "value",
                "graphMode": "area",
            },
            "targets": _targets((self.query,)),
        }


@dataclass(frozen=True, slots=True)
class Curves:
    """Values over time."""

    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str = "short"

    def body(self) -> dict[str, Any]:
        look = {"custom": {"fillOpacity": 10, "showPoints": "never", "spanNulls": False}}
        return {
            "type": "timeseries",
            "fieldConfig": _fields(self.unit, look),
            "options": {
                "legend": {"displayMode": "list", "placement": "bottom"},
                "tooltip": {"mode": "multi", "sort": "desc"},
            },
            "targets": _targets(self.queries),
        }


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One page."""

    uid: str
    title: str
    description: str
    panels: tuple[Figure | Curves, ...]

    def document(self) -> dict[str, Any]:
        """Return what Grafana loads."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["barometer"],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "timezone": "browser",
            "refresh": "15s",
            "time": {"from": "now-6h", "to": "now"},
            "annotations": {"list": []},
            "templating": {"list": []},
            "panels": list(self._placed()),
        }

    def _placed(self) -> Iterator[dict[str, Any]]:
        x = y = tallest = 0
        for number, panel in enumerate(self.panels, start=1):
            width, height = (6, 4) if isinstance(panel, Figure) else (12, 8)
            if x + width > WIDTH or (tallest and height != tallest):
                x, y, tallest = 0, y + tallest, 0
            body = panel.body()
            yield {
                "id": number,
                "type": body.pop("type"),
                "title": panel.title,
                "description": panel.description,
                "datasource": SOURCE,
                "gridPos": {"x": x, "y": y, "w": width, "h": height},
                **body,
            }
            x, tallest = x + width, height


def _fields(unit: str, more: dict[str, Any]) -> dict[str, Any]:
    return {"defaults": {"unit": unit, "min": 0, **more}, "overrides": []}


def _targets(queries: Sequence[Query]) -> list[dict[str, Any]]:
    return [
        {"refId": letter, "datasource": SOURCE, "expr": query.expr, "legendFormat": query.legend}
        for letter, query in zip(ascii_uppercase, queries, strict=False)
    ]
