"""The file of receivers with everything that it names: secrets, certificates and templates are read once, at the start.

No secret is ever part of a message or a `repr`: the addresses of chat robots are secrets, too, of which host and port alone are shown.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from agents.delivery.templates import template_of
from models.chat import ChatTemplate
from models.errors import BarometerError, DataFileError
from models.receiverfile import CheckedReceivers, check_receivers, is_address
from models.receivers import CHATS, Platform, Receiver

SETTING: Final = "BAROMETER_RECEIVERS_FILE"
SECRET_BYTES: Final = 8_192


class ReceiversRefused(BarometerError):
    """The file of receivers, or one that it names, cannot be used; the message names each mistake with its remedy."""

    exit_code = 2
    """Wrong usage: nothing around the process is at fault."""


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver with what is needed to reach it."""

    receiver: Receiver
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None
    template: ChatTemplate | None = None

    @property
    def id(self) -> str:
        return self.receiver.id

    @property
    def kind(self) -> Platform:
        return self.receiver.kind

    @property
    def host(self) -> str:
        """Where it is, without what its address may hide."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def checked(path: Path) -> CheckedReceivers:
    """Read the file and find every mistake in it.

    Raises:
        ReceiversRefused: it cannot be read.
    """
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReceiversRefused(
            f"{path} cannot be read ({error}); name a readable YAML file in UTF-8"
        ) from None
    return check_receivers(source, str(path))


def load_targets(path: Path | None) -> tuple[Target, ...]:
    """Return every receiver, ready to be reached.

    Raises:
        ReceiversRefused: no file is named, or there is a mistake in it or in what it names.
    """
    if path is None:
        raise ReceiversRefused(
            f"no receivers are named: write a file (docs/delivery.md) and set {SETTING}, or give --receivers"
        )
    found = checked(path)
    lines = [
        f"  {path}:{one.line}:{one.column}: {one.place or 'top level'} {one.fault}; {one.remedy}"
        for one in sorted(found.mistakes)
    ]
    targets = []
    for receiver in found.receivers:
        try:
            targets.append(target_of(receiver))
        except (DataFileError, ReceiversRefused) as error:
            lines.append(f"  {path}: {receiver.id}: {error}")
    if lines:
        raise ReceiversRefused("\n".join([f"{SETTING}: the receivers cannot be used", *lines]))
    return tuple(targets)


def target_of(receiver: Receiver) -> Target:
    """Return a receiver with the contents of the files that it names.

    Raises:
        ReceiversRefused, DataFileError: one of them cannot be used.
    """
    url = receiver.url
    if receiver.url_file is not None:
        url = _secret(receiver.url_file, "url_file")
        if not is_address(url):
            raise ReceiversRefused(
                f"url_file {receiver.url_file} holds no address; write https://host/path into it"
            )
    return Target(
        receiver,
        url,
        _secret(receiver.secret_file, "secret_file") if receiver.secret_file else "",
        _secret(receiver.bearer_file, "bearer_file") if receiver.bearer_file else "",
        _tls(receiver.ca_file) if receiver.ca_file else None,
        template_of(receiver.kind, receiver.template) if receiver.kind in CHATS else None,
    )


def _secret(path: Path, name: str) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            found = file.read(SECRET_BYTES).removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise ReceiversRefused(
            f"{name} {path} cannot be read ({reason}); write the secret into it, one line"
        ) from None
    if not found or not found.isprintable():
        raise ReceiversRefused(
            f"{name} {path} is empty or has several lines; write the secret into it, one line"
        )
    return found


def _tls(path: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        raise ReceiversRefused(
            f"ca_file {path} cannot be used ({error}); name a file of PEM certificates"
        ) from None
