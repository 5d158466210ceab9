"""The news of one start."""

import asyncio
from collections.abc import AsyncIterator

from opendata_hub.progress import Event
from opendata_hub.spawner.news import News


def event(progress: int, message: str = "") -> Event:
    """News of a start."""
    return {"progress": progress, "message": message or str(progress)}


async def next_of(listener: AsyncIterator[Event]) -> Event:
    """What a listener hears next."""
    return await asyncio.wait_for(anext(listener), timeout=60)


async def test_who_comes_late_hears_where_it_is() -> None:
    """A student who reopens the tab sees the latest at once, then all that follows."""
    news = News()
    news.tell(event(10))
    news.tell(event(20))
    listener = news.follow()

    assert await next_of(listener) == event(20)
    news.tell(event(30))
    assert await next_of(listener) == event(30)


async def test_the_bar_never_falls() -> None:
    """A pull's total grows while the engine finds more of it."""
    news = News()
    news.tell(event(50))
    news.tell(event(40, "more to download"))

    assert await next_of(news.follow()) == event(50, "more to download")


async def test_a_new_start_begins_at_nothing() -> None:
    """The bar of the last start is not that of this one."""
    news = News()
    news.tell(event(90))
    news.forget()
    listener = news.follow()
    waiting = asyncio.ensure_future(next_of(listener))
    await asyncio.sleep(0)  # it listens
    news.tell(event(10))

    assert await waiting == event(10)
