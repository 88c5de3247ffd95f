"""Signatures are those of the published algorithms: of the specification's own example, and of another program's."""

import shutil
import subprocess
from base64 import b64encode

import pytest

from models import signatures


def test_a_webhook_is_signed_as_standard_webhooks_shows_it() -> None:
    """The example of the specification: id, time, body and secret give this signature."""
    secret, id, seconds = (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
    )
    body = b'{"test": 2432232314}'
    assert signatures.webhook(secret, id, seconds, body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def by_openssl(key: str, message: str) -> str:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    done = subprocess.run(
        [program, "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key.encode().hex()}", "-binary"],
        input=message.encode(), capture_output=True, check=True,
    )  # fmt: skip
    return b64encode(done.stdout).decode()


def test_dingtalk_and_feishu_are_what_another_program_computes() -> None:
    """The same two texts in opposite places: DingTalk signs time and secret by the secret, Feishu nothing by both."""
    secret, when = "this is secret", 1_577_262_236_757
    assert signatures.dingtalk(secret, when) == by_openssl(secret, f"{when}\n{secret}")
    assert signatures.feishu(secret, when // 1000) == by_openssl(f"{when // 1000}\n{secret}", "")


def test_a_secret_that_is_no_base64_is_taken_as_it_is() -> None:
    """People write down what they were given."""
    assert signatures.webhook("whsec_not base64!", "i", 1, b"") == signatures.webhook(
        "whsec_not base64!", "i", 1, b""
    )
    assert signatures.webhook("a", "i", 1, b"") != signatures.webhook("b", "i", 1, b"")
    assert signatures.webhook("a", "i", 1, b"") != signatures.webhook("a", "i", 2, b"")
