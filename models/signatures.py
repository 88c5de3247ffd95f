"""How a message proves from whom it is: Standard Webhooks, and the robots of DingTalk and Feishu.

Sources: the Standard Webhooks specification (symmetric signatures, `v1`); 钉钉开放平台 "自定义机器人安全设置, 加签"; 飞书开放平台
"自定义机器人使用指南, 签名校验". Pure: time is handed in.
"""

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from typing import Final

PREFIX: Final = "whsec_"
"""Begins a secret that is base64, as Standard Webhooks writes them; any other is taken as it is."""


def webhook(secret: str, id: str, seconds: int, body: bytes) -> str:
    """Return the value of the header `webhook-signature`: HMAC-SHA256 over id, time and body."""
    signed = f"{id}.{seconds}.".encode() + body
    return f"v1,{_base64(_key(secret), signed)}"


def dingtalk(secret: str, milliseconds: int) -> str:
    """Return the parameter `sign`, not yet percent-encoded: the secret is the key, time and secret are what is signed."""
    return _base64(secret.encode(), f"{milliseconds}\n{secret}".encode())


def feishu(secret: str, seconds: int) -> str:
    """Return the field `sign`: time and secret are the key, and nothing is signed."""
    return _base64(f"{seconds}\n{secret}".encode(), b"")


def _key(secret: str) -> bytes:
    if secret.startswith(PREFIX):
        try:
            return b64decode(secret.removeprefix(PREFIX), validate=True)
        except Error:
            pass
    return secret.encode()


def _base64(key: bytes, message: bytes) -> str:
    return b64encode(hmac.digest(key, message, "sha256")).decode("ascii")
