"""The schemas that were published, in a folder, and what today's would break or add.

Owns the reading of such a folder. What may change is in `topics.compatibility`.
"""

import json
from pathlib import Path
from typing import Any

from models.errors import ContractError
from topics.compatibility import NEW_VERSION, Break, Reader, breaks
from topics.schema import NAMESPACE, ValueType, schema_of, value_types
from topics.spec import Direction


def reader_of(value: ValueType) -> Reader:
    """Return who reads the values of a type."""
    is_input = all(spec.direction is Direction.IN for spec in value.topics)
    return Reader.BAROMETER if is_input else Reader.SUBSCRIBERS


def differences(folder: Path) -> tuple[Break, ...]:
    """Return everything in today's schemas that breaks readers of those in `folder`; other files there are passed over.

    Raises:
        ContractError: a file there is no JSON.
    """
    values = {value.file: value for value in value_types()}
    found: list[Break] = []
    for name, old in _published(folder).items():
        value = values.get(name)
        if value is None:
            found.append(Break(str(old.get("title", name)), "", "the whole type is gone", NEW_VERSION))
        else:
            found += breaks(old, schema_of(value), reader_of(value))
    return tuple(found)


def changes(folder: Path) -> tuple[str, ...]:
    """Return the file names of schemas that are new or differ from those in `folder`, in whatever way."""
    published = _published(folder)
    return tuple(value.file for value in value_types() if published.get(value.file) != schema_of(value))


def holds_schemas(folder: Path) -> bool:
    """Say whether there is a published schema in `folder`."""
    return bool(_published(folder))


def _published(folder: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for file in sorted(folder.glob("*.json")):
        try:
            schema = json.loads(file.read_bytes())
        except ValueError as error:
            raise ContractError(f"{file.name} is no JSON: {error}") from None
        if isinstance(schema, dict) and str(schema.get("$id", "")).startswith(NAMESPACE):
            found[file.name] = schema
    return found
