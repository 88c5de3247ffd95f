"""Who may look at the console and who may act: a token, or a proxy that has asked an identity provider. Pure but for secrets.

Without a token and without a proxy the console is for whoever sits at the machine: it listens on loopback only, and answers
no other host name, so that a page elsewhere cannot be pointed at it (DNS rebinding).
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

import msgspec

from models.errors import BarometerError

COOKIE: Final = "barometer_console"
SESSION_SECONDS: Final = 12 * 3_600
"""A shift, and a little more."""
NAME_MAX: Final = 64
LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_KEY_LABEL: Final = b"barometer console session\n"


class ConsoleRefused(BarometerError):
    """The console may not be started as it was asked to."""


class Role(StrEnum):
    VIEW = "view"
    OPERATE = "operate"
    """Acknowledges, silences, assigns, judges; looks into dead letters."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who has been let in."""

    name: str
    role: Role
    how: str
    """local, token or proxy."""
    ends: int = field(default=0, compare=False)
    """When the session is over, epoch seconds; 0: it has no end."""

    @property
    def may_act(self) -> bool:
        return self.role is Role.OPERATE


class _Session(msgspec.Struct, array_like=True):
    name: str
    role: Role
    ends: int


@dataclass(frozen=True, slots=True)
class Access:
    """How people get in.

    Args:
        token: of those who may act; empty: there is none.
        view_token: of those who may look.
        proxies: networks whose word in `user_header` is taken.
        user_header: in lower case.
        operators: names from a proxy that may act; `*` for all.
        local_name: who sits at this machine, where nothing else is asked for.
    """

    token: str = ""
    view_token: str = ""
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    user_header: str = "x-forwarded-user"
    operators: frozenset[str] = frozenset()
    local_name: str = "local"

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked who he is."""
        return not (self.token or self.view_token or self.proxies)

    @property
    def has_tokens(self) -> bool:
        return bool(self.token or self.view_token)

    def refuse_place(self, host: str) -> None:
        """Raise ConsoleRefused where everybody could act: on another address than loopback without a login."""
        if self.is_open and not is_loopback(host):
            raise ConsoleRefused(
                f"the console does not listen on {host} without a login: set BAROMETER_CONSOLE_TOKEN, or "
                "BAROMETER_CONSOLE_PROXIES where a proxy says who people are"
            )

    def of_token(self, given: str, name: str) -> Identity | None:
        """Return who comes with this token and calls himself `name`; None where the token is wrong."""
        said = clean_name(name)
        for token, role in ((self.token, Role.OPERATE), (self.view_token, Role.VIEW)):
            if token and hmac.compare_digest(token.encode(), given.encode()):
                return Identity(said or role.value, role, "token")
        return None

    def identify(self, peer: str, headers: Mapping[str, str], cookie: str, now: float) -> Identity | None:
        """Return who asks: by the proxy's word, by a session, or since nobody is asked.

        Args:
            peer: address of the other end of the connection.
            headers: by names in lower case.
            cookie: the session's value, empty where there is none.
            now: seconds since the epoch.
        """
        if self.is_open:
            return Identity(self.local_name, Role.OPERATE, "local") if is_loopback(peer) else None
        if self.trusts(peer):
            name = clean_name(headers.get(self.user_header, ""))
            if name:
                acts = "*" in self.operators or name in self.operators
                return Identity(name, Role.OPERATE if acts else Role.VIEW, "proxy")
        return self.open(cookie, now)

    def trusts(self, peer: str) -> bool:
        """Whether `peer` is a proxy that may say who people are."""
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.proxies)

    def answers_to(self, host: str) -> bool:
        """Whether a request for this host name is meant for this console; only asked where nobody logs in."""
        name = host.rpartition(":")[0] if host.count(":") == 1 or "]:" in host else host
        return not self.is_open or name in LOCAL_NAMES

    def seal(self, identity: Identity, now: float) -> str:
        """Return the session of somebody who has shown a token, to be kept by his browser."""
        body = msgspec.json.encode(_Session(identity.name, identity.role, int(now) + SESSION_SECONDS))
        return f"{urlsafe_b64encode(body).decode()}.{self._signature(body)}"

    def open(self, sealed: str, now: float) -> Identity | None:
        """Return whose session it is; None where it is none of ours, or over."""
        if not self.has_tokens:
            return None
        encoded, _, signature = sealed.partition(".")
        try:
            body = urlsafe_b64decode(encoded)
            is_ours = hmac.compare_digest(signature.encode(), self._signature(body).encode())
            session = msgspec.json.decode(body, type=_Session) if is_ours else None
        except (ValueError, msgspec.MsgspecError):
            return None
        if session is None or session.ends <= now:
            return None
        return Identity(session.name, session.role, "token", session.ends)

    def _signature(self, body: bytes) -> str:
        # Of the tokens: a session ends with the token that it was opened by, and outlives a restart.
        key = hashlib.sha256(_KEY_LABEL + f"{self.token}\n{self.view_token}".encode()).digest()
        return hmac.new(key, body, hashlib.sha256).hexdigest()


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_same_origin(origin: str, host: str) -> bool:
    """Whether a page of this console asks. A browser names the origin of every WebSocket and of every form that is sent."""
    return bool(host) and urlsplit(origin).netloc == host


def clean_name(text: str) -> str:
    """Return a name as it may stand in a log line."""
    return "".join(one for one in text if one.isprintable()).strip()[:NAME_MAX]
