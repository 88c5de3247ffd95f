"""Tables of README and docs, generated from where the facts are: settings, metrics, ACLs."""

from pydantic import SecretStr

from agents.settings import ENV_PREFIX, Settings
from monitoring.catalogue import markdown_table
from monitoring.delivery import DELIVERY_METRICS
from topics.access import Role, acls

DEFAULTS_IN_WORDS = {
    "customer_key": "a demo key",
    "dimensions": "see `models/cells.py`",
    "kafka_ca_file": "(the system's)",
    "duty_file": "(the shipped one)",
    "notices_file": "(the shipped one)",
    "outage_size_file": "(the shipped one)",
    "model_file": "(the shipped one)",
    "rules_file": "(the shipped one)",
}
"""What README shows where the value itself would say little."""


def settings_table() -> str:
    """Return the configuration reference as Markdown."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        shown = DEFAULTS_IN_WORDS.get(name) or (
            "(none)" if default is None else f"`{default}`" if str(default) else "(empty)"
        )
        lines.append(f"| `{ENV_PREFIX}{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(lines)


def acl_table() -> str:
    """Return the ACLs of every role as Markdown; resources that need the same stand together."""
    lines = ["| role | operations | on |", "|---|---|---|"]
    for role in Role:
        together: dict[tuple[str, tuple[str, ...], bool], list[str]] = {}
        for acl in acls(role):
            together.setdefault((acl.kind, acl.operations, acl.prefixed), []).append(f"`{acl.name}`")
        for (kind, operations, prefixed), names in together.items():
            plural = f"{kind}s that begin with" if prefixed else f"{kind}{'s' * (len(names) > 1)}"
            lines.append(f"| `{role}` | {', '.join(operations)} | {plural} {', '.join(names)} |")
    return "\n".join(lines)


def delivery_table() -> str:
    """Return the metrics of `barometer deliver` as Markdown."""
    return markdown_table(DELIVERY_METRICS)


TABLES = {
    "settings": settings_table,
    "metrics": markdown_table,
    "acls": acl_table,
    "delivery-metrics": delivery_table,
}
"""Marker in README or a page of docs -> what stands between it and its end."""


def filled(text: str) -> str:
    """Return `text` with every table whose markers it has written anew."""
    for name, table in TABLES.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if start not in text:
            continue
        head, _, rest = text.partition(start)
        _, _, tail = rest.partition(end)
        text = f"{head}{start}\n{table()}\n{end}{tail}"
    return text
