"""Where settings come from: a file, secret files, the environment, flags; the later wins.

    defaults < file (`BAROMETER_CONFIG`, YAML or TOML) < secrets folder (`BAROMETER_SECRETS_DIR`)
             < environment (`BAROMETER_<NAME>`, for secrets also `BAROMETER_<NAME>_FILE`) < flags

Owns the reading and the refusal of names that are no setting; what values mean is `agents.settings`'s. A misspelt name
stops the start: passed over in silence it would leave a default in force that nobody wants.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, get_args

import yaml
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from models.errors import BarometerError
from monitoring.logs import MASK, mask_secrets

ENV_PREFIX: Final = "BAROMETER_"
CONFIG: Final = f"{ENV_PREFIX}CONFIG"
"""Variable that names the settings file; `--config` sets it."""
SECRETS_DIR: Final = f"{ENV_PREFIX}SECRETS_DIR"
"""Variable that names a folder with one file for each secret, as Docker and Kubernetes mount them."""
NO_SETTINGS: Final = frozenset({CONFIG, SECRETS_DIR, f"{ENV_PREFIX}TEST_SCALE"})
"""Variables with the prefix that mean something else. The last chooses the size of the tests."""

SERVICE_LINK: Final = re.compile(
    r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$"
)
"""What Kubernetes puts into every container for a Service, here one whose name begins with barometer. (It also sets
`<NAME>_PORT=tcp://...`, which is told by its value.)"""

SECRET_BYTES_MAX: Final = 65_536
FLAG_NAMES: Final = {"rules_file": "--rules"}
"""Flags that are not named as their setting."""


class SettingsError(BarometerError):
    """A setting is wrong. The message names each one, where it stood, what it was and what it should be."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value that somebody set, and where. As text it is what an error may show of both."""

    value: Any
    origin: str
    """`BAROMETER_X`, `--flag`, or a file with its line."""
    secret: bool = False

    def __str__(self) -> str:
        if self.origin == self.origin.upper():
            where = ""  # the variable itself, which the message begins with
        else:
            where = f" {'by' if self.origin.startswith('--') else 'in'} {self.origin}"
        if self.secret:
            return f"(given{where}, not shown)"
        value = mask_secrets(self.value) if isinstance(self.value, str) else self.value
        return f"(given: {value!r}{where})"


def is_secret(field: FieldInfo) -> bool:
    """Return whether a setting's value must never be shown."""
    return SecretStr in (field.annotation, *get_args(field.annotation))


def collected(model: type[BaseSettings], flags: Mapping[str, Any]) -> dict[str, Given]:
    """Return every setting of `model` that somebody set, not validated yet.

    Raises:
        SettingsError: names that are no setting, files that cannot be read, JSON that is none; all of them at once.
    """
    known = _Known(model)
    environment = {name.upper(): value for name, value in os.environ.items() if _is_ours(name, value)}
    wrong: list[str] = []
    layers = (
        _read_file(known, environment.get(CONFIG, ""), wrong),
        _read_folder(known, environment.get(SECRETS_DIR, ""), wrong),
        _read_environment(known, environment, wrong),
        (
            (name, Given(value, FLAG_NAMES.get(name, f"--{name.replace('_', '-')}"), name in known.secrets))
            for name, value in flags.items()
            if value is not None
        ),
    )
    found: dict[str, Given] = {}
    for layer in layers:
        here: dict[str, Given] = {}
        for key, read in layer:
            name = known.companions.get(key, key)
            given = read if name == key else _from_file(name, read, wrong)
            if name in here:
                both = f"{here[name].origin} and {given.origin}"
                wrong.append(f"{ENV_PREFIX}{name.upper()}: is set twice, by {both}. Keep one.")
            if name not in known.names:
                wrong.append(
                    f"{ENV_PREFIX}{name.upper()} {given}: there is no such setting{known.nearest(name)}"
                )
            here[name] = given
        found |= here
    if wrong:
        raise SettingsError("\n".join(wrong))
    return found


@contextmanager
def no_variables() -> Iterator[None]:
    """Keep every variable with the prefix from this process and those that it starts, until the context ends."""
    ours = {name: value for name, value in os.environ.items() if name.upper().startswith(ENV_PREFIX)}
    for name in ours:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(ours)


class _Known:
    """The names that there are."""

    def __init__(self, model: type[BaseSettings]) -> None:
        fields = model.model_fields
        self.names = frozenset(fields)
        self.meanings = {name: field.description for name, field in fields.items()}
        self.secrets = frozenset(name for name, field in fields.items() if is_secret(field))
        self.structured = frozenset(name for name, field in fields.items() if "dict" in str(field.annotation))
        self.companions = {f"{name}_file": name for name in self.secrets if f"{name}_file" not in fields}
        """`<secret>_file` -> the secret: a path instead of the value."""

    def nearest(self, name: str, *, variable: bool = False) -> str:
        """Return `. Did you mean ...?`, or what to do where nothing is near."""
        near = get_close_matches(name, [*self.names, *self.companions], n=1, cutoff=0.6)
        if not near:
            return ". `barometer settings` lists all; remove it"
        return f". Did you mean {ENV_PREFIX + near[0].upper() if variable else near[0]}?"


def _is_ours(name: str, value: str) -> bool:
    upper = name.upper()
    if not upper.startswith(ENV_PREFIX):
        return False
    linked = upper.endswith("_PORT") and value.startswith(("tcp://", "udp://", "sctp://"))
    return not linked and SERVICE_LINK.search(upper) is None


def _read_environment(
    known: _Known, environment: Mapping[str, str], wrong: list[str]
) -> Iterator[tuple[str, Given]]:
    for variable, text in sorted(environment.items()):
        name = variable.removeprefix(ENV_PREFIX).lower()
        if variable in NO_SETTINGS:
            continue
        if name not in known.names and name not in known.companions:
            wrong.append(f"{variable}: there is no such setting{known.nearest(name, variable=True)}")
            continue
        given = Given(text, variable, name in known.secrets)
        if name in known.structured:
            try:
                given = Given(json.loads(text), variable)
            except ValueError:
                wrong.append(f"{variable}: is no JSON. {known.meanings[name]}")
                continue
        yield name, given


def _read_file(known: _Known, name: str, wrong: list[str]) -> Iterator[tuple[str, Given]]:
    if not name:
        return
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise SettingsError(f"{CONFIG}={name}: {why}. Name a YAML or TOML file that can be read.") from None
    values, lines = _toml(path, text) if path.suffix == ".toml" else _yaml(path, text)
    for key, value in values.items():
        setting = str(key)
        # What is no setting may be a misspelt secret.
        hidden = setting in known.secrets or setting not in known.names | set(known.companions)
        given = Given(value, f"{path}, line {lines.get(setting, 1)}", hidden)
        if setting in known.names or setting in known.companions:
            yield setting, given
        else:
            wrong.append(f"{setting} {given}: there is no such setting{known.nearest(setting)}")


def _yaml(path: Path, text: str) -> tuple[dict[Any, Any], dict[str, int]]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        # Its text would quote the line, which may hold a secret.
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        why = getattr(error, "problem", None) or "cannot be read"
        raise SettingsError(f"{path}{line}: is no YAML ({why}). Write `name: value`.") from None
    if root is None:
        return {}, {}
    if not isinstance(root, yaml.MappingNode) or not isinstance(values, dict):
        raise SettingsError(f"{path}, line 1: holds no mapping. Write `name: value`, one setting a line.")
    lines: dict[str, int] = {}
    for key, _ in root.value:
        if key.value in lines:
            first, line = lines[key.value], key.start_mark.line + 1
            raise SettingsError(f"{path}, line {line}: {key.value} stands in line {first} already. Keep one.")
        lines[key.value] = key.start_mark.line + 1
    return values, lines


def _toml(path: Path, text: str) -> tuple[dict[Any, Any], dict[str, int]]:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: is no TOML ({error}). Write `name = value`.") from None
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        key = re.match(r"\s*\[?\s*[\"']?([\w-]+)", line)
        if key is not None:
            lines.setdefault(key[1], number)
    return values, lines


def _read_folder(known: _Known, name: str, wrong: list[str]) -> Iterator[tuple[str, Given]]:
    if not name:
        return
    folder = Path(name)
    if not folder.is_dir():
        wrong.append(
            f"{SECRETS_DIR}={name}: is no folder. Name the one where secrets are mounted, or remove it."
        )
        return
    for secret in sorted(known.secrets):
        for path in (folder / secret, folder / f"{ENV_PREFIX.lower()}{secret}"):
            if path.is_file():
                yield secret, _from_file(secret, Given(str(path), str(path)), wrong)
                break


def _from_file(secret: str, given: Given, wrong: list[str]) -> Given:
    """Return what stands in a secret's file, without the line end that editors add."""
    path = Path(str(given.value))
    origin = str(path) if given.origin == str(path) else f"{given.origin} ({path})"
    text, why = "", ""
    try:
        with path.open("rb") as file:
            content = file.read(SECRET_BYTES_MAX + 1)
        text = content.decode("utf-8").rstrip("\r\n")
        why = "" if text else "is empty"
        why = "is too large for a secret" if len(content) > SECRET_BYTES_MAX else why
    except OSError as error:
        why = error.strerror or "cannot be read"
    except UnicodeDecodeError:
        why = "is not UTF-8"
    if why:
        wrong.append(
            f"{ENV_PREFIX}{secret.upper()} (from {origin}): {why}. Write the secret into that file, readable for this user."
        )
    return Given(text, origin, secret=True)


def shown(field: FieldInfo, value: Any) -> Any:
    """Return a setting's value as people and logs may see it."""
    if value is None or not is_secret(field):
        return mask_secrets(value) if isinstance(value, str) else value
    return MASK
