"""The door of the console: who comes in, what headers every answer has, and the little page where a token is asked for.

A layer around the whole application (ASGI). Nothing but the files of the program and the sign-in page is given to anybody who has
not been identified. A WebSocket and whatever changes something must come from a page of this console (Origin), so that another
site cannot act in somebody's name; cookies are SameSite=Strict besides.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from html import escape
from http.cookies import CookieError, SimpleCookie
from time import monotonic
from time import time as wall_clock
from typing import Any, Final
from urllib.parse import parse_qs, quote

from monitoring.console.access import COOKIE, SESSION_SECONDS, Access, is_same_origin
from monitoring.console.limits import Limit
from monitoring.console.texts import Language, sayer

audit = logging.getLogger("barometer.audit")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

SOCKET: Final = "/_nicegui_ws/"
FILES: Final = "/_nicegui/"
SIGN_IN: Final = "/sign-in"
SIGN_OUT: Final = "/sign-out"
OPEN_TO_ALL: Final = (FILES, "/favicon.ico")
BODY_MAX: Final = 4_096
TRIES_AT_ONCE: Final = 5
TRIES_PER_MINUTE: Final = 5.0
POLICY: Final = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""NiceGUI compiles templates in the browser, hence 'unsafe-eval', and sets styles; scripts that stand in a page need the nonce."""
HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
)


class Door:
    """Around `app`. `clock` is seconds since the epoch."""

    def __init__(self, app: Application, access: Access, clock: Callable[[], float] = wall_clock) -> None:
        self._app = app
        self._access = access
        self._clock = clock
        self._tries = Limit(TRIES_AT_ONCE, TRIES_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        peer = (scope.get("client") or ("", 0))[0]
        path: str = scope["path"]
        send = _with_headers(send)
        if not self._access.answers_to(headers.get("host", "")):
            await _refuse(
                scope, send, 421, "this console is for its own machine, by the names localhost and 127.0.0.1"
            )
            return
        if scope["type"] == "websocket" or path.startswith(SOCKET) or scope["method"] not in {"GET", "HEAD"}:
            host = headers.get("x-forwarded-host", "") if self._access.trusts(peer) else ""
            if not is_same_origin(headers.get("origin", ""), host or headers.get("host", "")):
                audit.warning(
                    "refused: %s from %r, another origin, peer %s",
                    path,
                    headers.get("origin", "")[:200],
                    peer,
                )
                await _refuse(scope, send, 403, "asked from another site")
                return
        cookie = _cookie(headers.get("cookie", ""), COOKIE)
        identity = self._access.identify(peer, headers, cookie, self._clock())
        if path == SIGN_IN and self._access.has_tokens:
            await self._sign_in(scope, receive, send, peer, _language(headers))
        elif path == SIGN_OUT and self._access.has_tokens:
            await _redirect(send, SIGN_IN, _set_cookie("", 0, secure=_is_secure(scope, headers)))
        elif identity is None and not path.startswith(OPEN_TO_ALL):
            if scope["type"] == "http" and self._access.has_tokens and not path.startswith(SOCKET):
                await _redirect(send, f"{SIGN_IN}?next={quote(path)}")
            else:
                await _refuse(scope, send, 401, "not signed in")
        else:
            scope.setdefault("state", {})["identity"] = identity
            await self._app(scope, receive, send)

    async def _sign_in(
        self, scope: Scope, receive: Receive, send: Send, peer: str, language: Language
    ) -> None:
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        said = ""
        if scope["method"] == "POST":
            form = parse_qs((await _body(receive)).decode("utf-8", "replace"))
            token, name, target = (form.get(field, [""])[0] for field in ("token", "name", "next"))
            if not self._tries.allows(peer, monotonic()):
                said = "login.often"
            elif identity := self._access.of_token(token, name):
                audit.info("signed in: %s (%s) from %s", identity.name, identity.role, peer)
                sealed = self._access.seal(identity, self._clock())
                headers = {
                    name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
                }
                cookie = _set_cookie(sealed, SESSION_SECONDS, secure=_is_secure(scope, headers))
                await _redirect(send, _own(target), cookie)
                return
            else:
                said = "login.wrong"
                audit.warning("refused: a wrong token from %s", peer)
        page = _page(language, said, _own(query.get("next", [""])[0]))
        await _answer(send, 200 if not said else 403, page.encode(), b"text/html; charset=utf-8")


def _with_headers(send: Send) -> Send:
    """Return a `send` that gives every answer the strict headers, and the scripts of a page their nonce."""
    nonce = secrets.token_urlsafe(16)
    held: list[Message] = []

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", []), *HEADERS]
            headers.append((b"content-security-policy", POLICY.format(nonce=nonce).encode()))
            message["headers"] = headers
            if any(
                name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in headers
            ):
                held.append(message)
                return
        elif message["type"] == "http.response.body" and held:
            held.append(message)
            if message.get("more_body"):
                return
            start, *parts = held
            held.clear()
            body = b"".join(part.get("body", b"") for part in parts)
            # Whatever comes from outside stands in the page with its `<` written out.
            body = body.replace(b"<script", f'<script nonce="{nonce}"'.encode())
            start["headers"] = [
                (name, str(len(body)).encode() if name.lower() == b"content-length" else value)
                for name, value in start["headers"]
            ]
            await send(start)
            await send({"type": "http.response.body", "body": body})
            return
        await send(message)

    return sending


async def _body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_MAX or not message.get("more_body"):
            return body[:BODY_MAX]


async def _refuse(scope: Scope, send: Send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4_000 + status, "reason": why})
    else:
        await _answer(send, status, why.encode(), b"text/plain; charset=utf-8")


async def _answer(send: Send, status: int, body: bytes, kind: bytes) -> None:
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _redirect(send: Send, target: str, *cookies: bytes) -> None:
    headers = [
        (b"location", target.encode("latin-1", "replace")),
        (b"cache-control", b"no-store"),
        (b"content-length", b"0"),
    ]
    headers += [(b"set-cookie", cookie) for cookie in cookies]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _set_cookie(value: str, seconds: int, *, secure: bool) -> bytes:
    also = "; Secure" if secure else ""
    return f"{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{also}".encode()


def _is_secure(scope: Scope, headers: dict[str, str]) -> bool:
    return scope.get("scheme") == "https" or headers.get("x-forwarded-proto") == "https"


def _cookie(text: str, name: str) -> str:
    try:
        found = SimpleCookie(text).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _own(target: str) -> str:
    """Return an address of this console, whatever was asked for."""
    is_own = (
        target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and target.isprintable()
        and target.isascii()
    )
    return target if is_own else "/"


def _language(headers: dict[str, str]) -> Language:
    wanted = _cookie(headers.get("cookie", ""), "barometer_lang") or headers.get("accept-language", "")
    return "zh" if wanted.startswith("zh") else "en"


def _page(language: Language, said: str, target: str) -> str:
    say = sayer(language)
    told = f'<p role="alert">{escape(say(said))}</p>' if said else ""
    return f"""<!doctype html><html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Barometer</title><style>
body{{margin:0;min-height:100vh;display:grid;place-items:center;background:#0b1117;color:#e8eef4;font:15px/1.5 "Segoe UI","PingFang SC","Noto Sans CJK SC",sans-serif}}
form{{background:#121a22;border:1px solid #26323d;border-radius:12px;padding:30px 34px;width:min(340px,80vw);display:grid;gap:14px}}
h1{{font-size:20px;margin:0}}h1 small{{display:block;color:#9dacb9;font-weight:400;font-size:13px}}label{{display:grid;gap:4px;color:#9dacb9;font-size:13px}}
input{{font:inherit;padding:9px 11px;border-radius:7px;border:1px solid #3a4a58;background:#0b1117;color:#fff}}
button{{font:inherit;font-weight:600;padding:10px;border:0;border-radius:7px;background:#6cb2ff;color:#06101a;cursor:pointer}}p{{margin:0;color:#ff8f94}}
</style><form method="post" action="{SIGN_IN}"><h1>Barometer<small>{escape(say("console"))}</small></h1>{told}
<label>{escape(say("login.name"))}<input name="name" required maxlength="64" autocomplete="username" autofocus></label>
<label>{escape(say("login.token"))}<input name="token" type="password" required autocomplete="current-password"></label>
<input type="hidden" name="next" value="{escape(target)}"><button>{escape(say("login.title"))}</button></form></html>"""
