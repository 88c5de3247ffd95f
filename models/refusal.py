"""Why the decoder refused: turns what msgspec says into a reason, the wire name of a field and a sentence.

Owns the reading of msgspec's messages and nothing else. A sentence never repeats a value of the record, since a
producer that swaps two fields would otherwise put a complaint's text into logs and metrics.
"""

import re
from typing import Any, Final

import msgspec
from msgspec import inspect

from models.errors import RejectedEvent, RejectReason

_PLACE: Final = re.compile(r"(?P<what>.*?)(?: - at (?:`key` in )?`\$(?P<path>[^`]*)`)?", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `([^`]*)`")
_WRONG_TYPE: Final = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_BOUND: Final = re.compile(r"Expected `(\w+)`( of length)? ([<>]=?) (\S+)")
_BAD_TIME: Final = ("Invalid RFC3339", "Expected `datetime` with a timezone")
_TOO_BIG: Final = ("Number out of range", "Integer value out of range")
_TIME_ADVICE: Final = "is no ISO 8601 time with an offset, nor epoch milliseconds, of the years 2000 to 3000"


class Refusals:
    """Explains decoding errors of one struct type; built once, used for refused records only."""

    def __init__(self, struct: type[msgspec.Struct]) -> None:
        self._times: set[str] = set()
        self._choices: dict[str, str] = {}
        info = inspect.type_info(struct)
        if isinstance(info, inspect.StructType):
            for field in info.fields:
                self._learn(field.encode_name, field.type)

    def _learn(self, name: str, kind: inspect.Type) -> None:
        if isinstance(kind, inspect.UnionType):
            for member in kind.types:
                self._learn(name, member)
        elif isinstance(kind, inspect.DateTimeType):
            self._times.add(name)
        elif isinstance(kind, inspect.EnumType):
            self._choices[name] = ", ".join(str(member.value) for member in kind.cls)

    def explain(self, error: ValueError) -> RejectedEvent:
        """Return the refusal that `error`, raised by `msgspec.json.Decoder.decode`, stands for."""
        if isinstance(error, msgspec.ValidationError):
            return self._invalid(str(error))
        if isinstance(error, UnicodeDecodeError):
            return RejectedEvent(RejectReason.MALFORMED_JSON, "", "is not valid UTF-8")
        detail = str(error) if isinstance(error, msgspec.DecodeError) else "cannot be read as JSON"
        return RejectedEvent(RejectReason.MALFORMED_JSON, "", detail)

    def _invalid(self, message: str) -> RejectedEvent:
        parts = _PLACE.fullmatch(message)
        what, path = (parts["what"], parts["path"]) if parts else (message, None)
        field = (path or "").removeprefix(".")
        if missing := _MISSING.fullmatch(what):
            return RejectedEvent(
                RejectReason.MISSING_FIELD, f"{field}.{missing[1]}" if field else missing[1], "is required"
            )
        wrong = _WRONG_TYPE.fullmatch(what)
        if wrong and not field:
            return RejectedEvent(RejectReason.NOT_AN_OBJECT, "", f"is {wrong[2]}, not a JSON object")
        if wrong:
            return RejectedEvent(RejectReason.WRONG_TYPE, field, f"is {wrong[2]}, expected {wrong[1]}")
        reason, detail = self._value(what, field)
        return RejectedEvent(reason, field, detail)

    def _value(self, what: str, name: str) -> tuple[RejectReason, str]:
        """Why a value of the right type is refused."""
        if what.startswith("Invalid enum value"):
            return RejectReason.UNKNOWN_VALUE, f"is none of {self._choices.get(name, 'the known values')}"
        if what.startswith(_BAD_TIME) or name in self._times:
            return RejectReason.BAD_TIME, _TIME_ADVICE
        if " matching regex " in what:
            return RejectReason.UNKNOWN_VALUE, f"does not match {what.partition(' matching regex ')[2]}"
        if bound := _BOUND.fullmatch(what):
            return RejectReason.OUT_OF_RANGE, _bound(*bound.groups())
        if what.startswith(_TOO_BIG):
            return RejectReason.OUT_OF_RANGE, "is a number out of every range"
        return RejectReason.WRONG_TYPE, "does not fit the contract"


def _bound(kind: str, length: Any, operator: str, limit: str) -> str:
    unit = {"str": " characters", "array": " items", "object": " entries"}.get(kind, "") if length else ""
    word = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}[operator]
    return f"must {'have' if length else 'be'} {word} {limit}{unit}"
