"""How log lines look and what they may contain: one JSON object or one line of text each, no secrets, no
floods.

Context travels as `extra=`: `topic`, `partition`, `offset` and `event_id` have a place of their own in both
forms, any other field is shown by its name. Only `configure_logging` touches the logging system, and only
when it is called.
"""

import json
import logging
import re
import sys
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

MASK: Final = "***"

SECRET_NAME: Final = re.compile(r"password|passwd|secret|sasl|key|token|credential", re.IGNORECASE)
"""A field whose name contains one of these is masked whole. `key` is meant to catch record keys too: they are
customer ids."""

_NAMED_SECRET = re.compile(
    r"""(?ix)
    ( (?<![\w.\-]) (?! Sasl\w+(?:Failed|Error): | sasl_(?:ssl|plaintext):// ) ["']? [\w.\-]{0,64} (?: password | passwd | secret | sasl | key | token | credential )
      [\w.\-]{0,64} ["']? \s{0,4} [=:] \s{0,4} b? )
    ( "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | [^\s,;&)}\]]+ )
    """
)
# The look-behind and the bounds keep this linear on a long line without spaces.
_URL_PASSWORD = re.compile(r"(?<=://)([^\s:/@]*):([^\s/@]+)@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/\-]{8,}=*")

_CONTROLS: Final = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"
}
"""Control characters written out, so that what is logged cannot move a cursor or recolour a screen."""

_OWN_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""What every LogRecord has; the rest of its attributes came in by `extra`."""

NOISY: Final[Mapping[str, int]] = {
    "aiokafka": logging.WARNING,
    "kafka": logging.WARNING,
    "rdkafka": logging.WARNING,
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "aiohttp": logging.WARNING,
    "asyncio": logging.WARNING,
}
"""Third-party loggers that describe their inner life at INFO, and the lowest level at which they are heard
unless everything is wanted (DEBUG)."""

REPEAT_SECONDS: Final = 30.0
"""A third-party message is written once in this time; aiokafka repeats one several times a second in an
outage."""

REPEATS_REMEMBERED: Final = 256


def mask_secrets(text: str) -> str:
    """Return `text` with the values of named secrets (`sasl.password=...`, `"token": "..."`) and URL
    passwords masked.
    """
    text = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    return _NAMED_SECRET.sub(rf"\1{MASK}", text)


def mask_field(name: str, value: Any) -> Any:
    """Return a field's value as it may be shown: masked whole by its name, otherwise masked inside.

    Numbers, booleans and None stay what they are; mappings and lists are walked; anything else becomes text.
    """
    if SECRET_NAME.search(name):
        return MASK
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(inner): mask_field(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask_field("", item) for item in value]
    return mask_secrets(str(value))


class RepeatLimit(logging.Filter):
    """Lets a message of a noisy logger through once an interval, and says on the next how many were held
    back.

    Messages are the same when logger, level and the text before formatting are. Time is the records' own, so
    nothing here reads a clock. Our own loggers always pass.
    """

    def __init__(self, loggers: frozenset[str], interval_seconds: float) -> None:
        super().__init__()
        self._loggers = loggers
        self._interval = interval_seconds
        self._seen: OrderedDict[tuple[str, int, str], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] not in self._loggers:
            return True
        message = (record.name, record.levelno, str(record.msg))
        last, held_back = self._seen.get(message, (float("-inf"), 0))
        if record.created - last < self._interval:
            self._seen[message] = (last, held_back + 1)
            return False
        self._seen[message] = (record.created, 0)
        self._seen.move_to_end(message)
        if len(self._seen) > REPEATS_REMEMBERED:
            self._seen.popitem(last=False)
        if held_back:
            record.repeated = held_back
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, then the fields, then exception and stack."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time_of(record),
            "level": record.levelname,
            "logger": record.name,
            "message": mask_secrets(record.getMessage()),
            **_fields_of(record),
        }
        if trace := _trace_of(self, record):
            line["exception"] = trace
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """A line for people: time, level, logger, message, [topic/partition@offset id=...] and the other
    fields.
    """

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields_of(record)
        place = ""
        if "topic" in fields:
            place = str(fields.pop("topic"))
            if "partition" in fields:
                place += f"/{fields.pop('partition')}"
            if "offset" in fields:
                place += f"@{fields.pop('offset')}"
        context = [place] if place else []
        if "event_id" in fields:
            context.append(f"id={fields.pop('event_id')}")
        context += [f"{name}={value}" for name, value in fields.items()]
        message = mask_secrets(record.getMessage()).replace("\n", "\n    ")
        line = f"{_time_of(record)} {record.levelname:<7} {record.name}: {message}"
        if context:
            line += f" [{' '.join(context)}]".replace("\n", "\\n")
        line = line.translate(_CONTROLS)
        if trace := _trace_of(self, record):
            line += "\n" + trace
        return line


def configure_logging(level: str | int = "INFO", *, json: bool = False, stream: TextIO | None = None) -> None:
    """Send everything that is logged in this process to `stream` (stderr by default), masked and limited.

    May be called again: it replaces what the earlier call set and leaves other handlers alone.

    Args:
        level: name or number; DEBUG also opens the noisy third-party loggers.
        json: one JSON object a line instead of text.
        stream: where lines go.

    Raises:
        ValueError: there is no such level.
    """
    root = logging.getLogger()
    root.setLevel(level)
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(JsonFormatter() if json else TextFormatter())
    handler.addFilter(RepeatLimit(frozenset(NOISY), REPEAT_SECONDS))
    handler.set_name("barometer")
    for old in [old for old in root.handlers if old.get_name() == "barometer"]:
        root.removeHandler(old)
    root.addHandler(handler)
    for name, lowest in NOISY.items():
        logging.getLogger(name).setLevel(logging.NOTSET if root.level <= logging.DEBUG else lowest)
    logging.captureWarnings(True)


def _time_of(record: logging.LogRecord) -> str:
    time = datetime.fromtimestamp(record.created, UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields_of(record: logging.LogRecord) -> dict[str, Any]:
    return {name: mask_field(name, value) for name, value in vars(record).items() if name not in _OWN_FIELDS}


def _trace_of(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    parts = []
    if record.exc_info and record.exc_info[0] is not None:
        parts.append(formatter.formatException(record.exc_info))
    if record.stack_info:
        parts.append(formatter.formatStack(record.stack_info))
    return mask_secrets("\n".join(parts))
