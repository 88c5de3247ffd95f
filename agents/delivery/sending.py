"""One attempt: a request and what its answer means. Every way in which it can fail is an outcome, none an exception."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

import aiohttp

from agents.delivery.posting import Post
from agents.delivery.receivers import Target
from models.answers import Answer, Outcome, judge

ANSWER_BYTES: Final = 4_096
"""As much of an answer is read; a receiver that goes on and on is not listened to."""


class Sender:
    """An async context manager: one connection to one receiver, which may be used again.

    Args:
        target: where to, by which certificates and proxy, and how long an attempt may take.
        clock: seconds since the epoch.
    """

    def __init__(self, target: Target, clock: Callable[[], float]) -> None:
        self._target = target
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        tls = self._target.tls
        connector = aiohttp.TCPConnector(limit=1) if tls is None else aiohttp.TCPConnector(limit=1, ssl=tls)
        timeout = aiohttp.ClientTimeout(total=self._target.receiver.timeout_seconds)
        # Cookies and the environment's proxy are none of a receiver's business.
        jar = aiohttp.DummyCookieJar()
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=jar, trust_env=False
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def send(self, post: Post) -> Answer:
        """Try once. A redirect is not followed: a signed message goes where it was meant to go, or nowhere."""
        assert self._session is not None
        proxy = self._target.receiver.proxy or None
        try:
            async with self._session.post(
                post.url, data=post.body, headers=post.headers, proxy=proxy, allow_redirects=False
            ) as answer:
                body = await answer.content.read(ANSWER_BYTES)
                now = datetime.fromtimestamp(self._clock(), UTC)
                return judge(
                    self._target.kind, answer.status, answer.headers.get("Retry-After", ""), body, now
                )
        except TimeoutError:
            seconds = self._target.receiver.timeout_seconds
            return Answer(Outcome.TIMEOUT, f"{self._target.host} has not answered within {seconds:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # What aiohttp says may hold the whole address, and with it a key.
            return Answer(Outcome.UNREACHABLE, f"{self._target.host}: {_reason(error)}")


def _reason(error: Exception) -> str:
    cause = getattr(error, "os_error", None) or error.__cause__ or error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return type(error).__name__
