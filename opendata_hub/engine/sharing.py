"""One question for all who ask it at about the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """
    A question whose answer is good for a while: whoever asks meanwhile gets the same.

    Args:
        ask: finds the answer; what it raises is raised to all who share it.
        age: seconds for which an answer is good, from when it was asked for.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]], age: float) -> None:
        self._ask, self._age = ask, age
        self._asked = 0.0
        self._answer: asyncio.Future[T] | None = None

    async def __call__(self) -> T:
        """Return the answer; one who goes away before it comes does not take it from the others."""
        if self._answer is None or (self._answer.done() and monotonic() - self._asked > self._age):
            self._asked = monotonic()
            self._answer = asyncio.ensure_future(self._ask())
        return await asyncio.shield(self._answer)
