"""Receive notifications from `barometer deliver` as a webhook: check the signature, do each once, answer. Nothing to install.

A notification may come twice with the same Idempotency-Key: after a crash, or where an answer was lost. Answer 2xx only when
you have it for good: what was answered is not sent again. 400, 413, 415 and 422 mean that this message is wrong in itself and is to be
passed over; anything else is tried again.

    BAROMETER_WEBHOOK_SECRET=... python webhook.py 8080
"""

import hmac
import json
import os
import sys
import time
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOLERANCE_SECONDS = 300
REMEMBERED = 100_000
LARGEST = 1024 * 1024


def is_genuine(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
    """Return whether who knows the secret has signed this body within the last minutes (Standard Webhooks, v1)."""
    id_, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdecimal() or abs(now - int(stamp)) > TOLERANCE_SECONDS:
        return False
    key = b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    wanted = b64encode(hmac.digest(key, f"{id_}.{stamp}.".encode() + body, "sha256")).decode()
    given = [one.removeprefix("v1,") for one in headers.get("webhook-signature", "").split()]
    return any(hmac.compare_digest(wanted, one) for one in given)


class Seen:
    """Keys that are done. Keep them with what you do (a unique key in your database) where a restart must not forget them."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, None] = OrderedDict()

    def is_done(self, key: str) -> bool:
        return key in self._keys

    def done(self, key: str) -> None:
        self._keys[key] = None
        if len(self._keys) > REMEMBERED:
            self._keys.popitem(last=False)


class Handler(BaseHTTPRequestHandler):
    """Prints each notification once."""

    secret = ""
    seen = Seen()

    def do_POST(self) -> None:
        """Take one notification."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST:
            self.answer(413)
            return
        body = self.rfile.read(length)
        if not is_genuine(
            {name.lower(): value for name, value in self.headers.items()}, body, self.secret, time.time()
        ):
            self.answer(401)
            return
        told: dict[str, Any] = json.loads(body)
        if not self.seen.is_done(told["id"]):
            print(told["severity"], ",".join(told["reasons"]), told["summary"], flush=True)
            self.seen.done(told["id"])
        self.answer(204)

    def answer(self, status: int) -> None:
        """Send a status without a body."""
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Keep requests to ourselves."""


if __name__ == "__main__":
    Handler.secret = os.environ["BAROMETER_WEBHOOK_SECRET"]
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
