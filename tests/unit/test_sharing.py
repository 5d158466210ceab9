"""One question for all who ask it at about the same time."""

import asyncio

from opendata_hub.engine.sharing import Shared


class Oracle:
    """Answers with the number of the question, once it may."""

    def __init__(self) -> None:
        self.asked = 0
        self.may = asyncio.Event()

    async def __call__(self) -> int:
        """The third question has no answer."""
        self.asked += 1
        await self.may.wait()
        if self.asked == 3:
            raise LookupError
        return self.asked


async def test_those_who_ask_together_share_the_answer() -> None:
    """Also while it is fresh; one who does not wait for it takes it from nobody."""
    oracle = Oracle()
    shared = Shared(oracle, age=3600)
    askers = [asyncio.create_task(shared()) for _ in range(3)]
    await asyncio.sleep(0)
    askers[0].cancel()
    oracle.may.set()

    assert await asyncio.gather(*askers[1:]) == [1, 1]
    assert await shared() == 1


async def test_an_old_answer_is_asked_for_again() -> None:
    """And an error is raised to all who share it."""
    oracle = Oracle()
    oracle.may.set()
    shared = Shared(oracle, age=-1)

    assert [await shared(), await shared()] == [1, 2]
    answers = await asyncio.gather(shared(), shared(), return_exceptions=True)
    assert [type(one) for one in answers] == [LookupError, LookupError]
