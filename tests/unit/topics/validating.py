"""Validation of records against schemas, strictly: dates are looked at, and a field that the schema does not know is a fault."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker

FORMATS: Final = FormatChecker(())


@FORMATS.checks("date-time", ValueError)
def is_time(value: object) -> bool:
    """Say whether a string is a time with an offset."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def sealed(schema: Any) -> Any:
    """Return a schema in which no object may have a field that it does not name."""
    if isinstance(schema, list):
        return [sealed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {word: value if word == "examples" else sealed(value) for word, value in schema.items()}
    return closed | {"additionalProperties": False} if "properties" in schema and "type" in schema else closed


def faults(schema: Mapping[str, Any], value: Any) -> list[str]:
    """Return what is wrong with a value, strictly."""
    validator = Draft202012Validator(sealed(schema), format_checker=FORMATS)
    return sorted(f"{one.json_path}: {one.message}" for one in validator.iter_errors(value))
