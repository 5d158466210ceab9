"""The class, from the door to the last stop."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from functools import partial
from typing import TypeVar

import httpx

from opendata_hub.errors import OpenDataError
from opendata_hub.machine import Say
from opendata_hub.rehearsal import course, meter, presence
from opendata_hub.rehearsal.hub import Hub, NameTaken
from opendata_hub.rehearsal.meter import Meter
from opendata_hub.rehearsal.plan import Ground, Plan
from opendata_hub.rehearsal.record import Record
from opendata_hub.rehearsal.session import Refused, Session
from opendata_hub.rehearsal.student import Student

T = TypeVar("T")

_CALM = 3.0  # seconds that the machine is looked at before the class comes
_TELL_EVERY = 1.0  # seconds
_AT_ONCE = 10  # students who are made, or removed, at a time

_ELSEWHERE = (
    "This machine's engine has none of their containers: if the hub runs on another machine, "
    "rehearse there; their homes are still on it."
)


async def play(ground: Ground, plan: Plan, say: Say) -> Record:
    """
    Play the class, and leave the hub as it was; what killed rehearsals left is removed before.

    What cannot be removed is in the record's ``left``, and stays in the ledger, which the caller
    holds.

    Raises:
        RehearsalError: the hub cannot be used, or real people use it.
    """
    left = await clean_up(ground, say)
    if not plan.even_if_in_use:
        await _require_empty(ground)
    record = await _blank(ground, plan)
    try:
        await _play(ground, plan, record, say)
    finally:
        say("Cleaning up")
        record.left += left + await _remove(ground, plan.users, say)
    return record


async def clean_up(ground: Ground, say: Say) -> list[str]:
    """Remove what killed rehearsals left; return what is left still, a sentence each."""
    await ground.hub.check()
    users = ground.ledger.users
    if users:
        say(f"Removing what an earlier rehearsal left: {_students(len(users))}")
    return await _remove(ground, users, say)


async def _blank(ground: Ground, plan: Plan) -> Record:
    return Record(
        hub=ground.hub.url,
        version=await ground.hub.version(),
        began=datetime.now(timezone.utc),
        image=plan.image,
        notebook=plan.notebook.name,
        patience=plan.patience,
        by_password=plan.password is not None,
        reserve=ground.reserve,
        cores=meter.cores(),
        memory=meter.total_memory(),
    )


async def _require_empty(ground: Ground) -> None:
    now, hub = datetime.now(timezone.utc), ground.hub
    if people := presence.present(await hub.users(), now, ground.ledger.users, hub.owner):
        raise presence.refusal(people)


async def _play(ground: Ground, plan: Plan, record: Record, say: Say) -> None:
    say(f"{_students(len(plan.users))} at the door")
    ground.ledger.add(list(plan.users))
    await _for_each(plan.users, partial(_make, ground))
    if plan.group:
        await ground.hub.join(plan.group, plan.users)
    async with _sessions(ground.hub, plan) as sessions:
        troubles = await _log_in(sessions, plan.password)
        opening = time.monotonic() + _CALM

        def clock() -> float:
            return time.monotonic() - opening

        students = [Student(session, clock, plan.patience) for session in sessions]
        for student, trouble in zip(students, troubles, strict=True):
            if trouble:
                student.fail(trouble)
        record.courses = [student.course for student in students]
        watch = Meter(clock, plan.users, ground.engine)
        record.samples, record.containers = watch.samples, watch.containers
        async with watch, _told(record, clock, say):
            await asyncio.sleep(_CALM)
            await _lesson(students, plan, record, watch, say)


async def _lesson(
    students: list[Student], plan: Plan, record: Record, watch: Meter, say: Say
) -> None:
    say("All press Start")
    await asyncio.gather(*(one.get_in(plan.options) for one in students if not one.course.trouble))
    record.settled = watch.note()
    await watch.note_containers()
    inside = [student for student in students if student.course.is_in]
    say(f"{len(inside)} of {len(students)} are in; all run {plan.notebook.name}")
    await asyncio.gather(*(student.work(plan.notebook) for student in inside))
    record.ended = watch.note()
    await watch.note_containers()
    if watch.is_elsewhere and inside:
        say(_ELSEWHERE)
        record.left.append(_ELSEWHERE)
        record.cores = record.memory = None


async def _make(ground: Ground, user: str) -> None:
    try:
        await ground.hub.add(user)
    except NameTaken:
        ground.ledger.strike(user)  # somebody else's: not to be removed
        raise


@asynccontextmanager
async def _sessions(hub: Hub, plan: Plan) -> AsyncIterator[list[Session]]:
    """A browser for each student; those who have no password have a token."""
    sessions: list[Session] = []
    try:
        for user in plan.users:
            token = None if plan.password else await hub.token(user)
            sessions.append(Session(hub.url, user, token))
        yield sessions
    finally:
        await asyncio.gather(*(session.close() for session in sessions))


async def _log_in(sessions: list[Session], password: str | None) -> list[str]:
    """Log all in, where there is a password; return why that failed, or nothing, for each."""

    async def one(session: Session) -> str:
        try:
            await session.log_in(password or "")
        except (Refused, httpx.HTTPError) as error:
            return str(error) or type(error).__name__
        return ""

    if password is None:
        return ["" for _ in sessions]
    return await asyncio.gather(*(one(session) for session in sessions))


@asynccontextmanager
async def _told(record: Record, clock: Callable[[], float], say: Say) -> AsyncIterator[None]:
    """Tell every second where the students are."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(max(_TELL_EVERY, -clock()))
            if now := course.tally(record.courses):
                say(f"  {clock():.0f} s: {now}")

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _remove(ground: Ground, users: Iterable[str], say: Say) -> list[str]:
    """Remove students with all they have; return why where it fails, and keep those noted."""
    left: list[str] = []

    async def one(user: str) -> None:
        try:
            await ground.hub.stop(user)
            await ground.hub.delete(user)
            await ground.homes.remove(user)
            ground.ledger.strike(user)
        except (OpenDataError, OSError) as error:
            left.append(f"{user}: {error}")
            say(f"Cannot remove {left[-1]}")
        else:
            say(f"  {user} is gone")

    await _for_each(set(users).intersection(ground.ledger.users), one)
    return left


async def _for_each(things: Iterable[T], do: Callable[[T], Awaitable[None]]) -> None:
    """Do it for all, a few at a time; the first error ends it."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(thing: T) -> None:
        async with slots:
            await do(thing)

    tasks = [asyncio.ensure_future(one(thing)) for thing in things]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _students(count: int) -> str:
    return "1 student" if count == 1 else f"{count} students"
