"""Pulls that fail say why: as an error of ours, and as a sentence for the student."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from opendata_hub import diagnosis
from opendata_hub.engine import Engine
from opendata_hub.errors import EngineError, EngineUnreachable, ImageNotFound, PullError
from tests.engine.conftest import Push, all_of, until
from tests.engine.own_engines import own_engine
from tests.proxies import Proxy, http_answer
from tests.registries import registry

MB = 10**6
FINAL = http_answer(429, "TOOMANYREQUESTS", "go away")  # others the engine tries five times


def _sentence(error: BaseException) -> str:
    return diagnosis.refused("The lesson", str(error)).student


async def _failure(engine: Engine, reference: str) -> EngineError:
    with pytest.raises(EngineError) as failed:
        await all_of(engine.pull(reference))
    return failed.value


@pytest.mark.parametrize("wrong", [":2", "-of-nobody:1"], ids=["tag", "repository"])
async def test_an_image_that_does_not_exist(
    engine: Engine, push: Push, road: Proxy, wrong: str
) -> None:
    """A tag or a repository that the registry does not know is told from every other fault."""
    reference = push(1000).at(road.port).removesuffix(":1") + wrong

    error = await _failure(engine, reference)

    assert type(error) is ImageNotFound
    assert _sentence(error).startswith("There is no image with the name of The lesson.")


@pytest.mark.parametrize("reference", ["localhost/Lesson:1", "https://localhost/lesson:1"])
async def test_a_name_that_no_image_can_have(engine: Engine, reference: str) -> None:
    """The engine's or its library's refusal of the name is not taken for the engine's silence."""
    error = await _failure(engine, reference)

    assert type(error) is EngineError
    assert _sentence(error).startswith("There is no image with the name of The lesson.")


async def test_a_registry_that_is_down(engine: Engine, push: Push, road: Proxy) -> None:
    """Nobody listens there."""
    image = push(1000)
    road.answer = b""

    error = await _failure(engine, image.at(road.port))

    assert not isinstance(error, EngineUnreachable)
    assert "cannot be reached" in _sentence(error)


async def test_a_registry_that_wants_a_login(engine: Engine, tmp_path: Path) -> None:
    """A private image is refused with the two things it can mean."""
    with registry(tmp_path, login=True) as private:
        image = private.push_random("lesson:1", [1000])
        error = await _failure(engine, image.at(private.port))

    assert "does not hand out the image of The lesson" in _sentence(error)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (http_answer(403, "DENIED", "access to the resource is denied"), "does not hand out"),
        (http_answer(429, "TOOMANYREQUESTS", "pull rate limit"), "had too many requests"),
        (http_answer(500, "UNKNOWN", "out of order"), "cannot be reached, or broke off"),
    ],
    ids=["403", "429", "500"],
)
async def test_a_registry_that_refuses(
    engine: Engine, push: Push, road: Proxy, answer: bytes, says: str
) -> None:
    """What a registry answers in place of an image has a sentence each."""
    image = push(1000)
    road.answer = answer

    assert says in _sentence(await _failure(engine, image.at(road.port)))


async def test_an_error_inside_the_stream_fails_the_pull(
    engine: Engine, push: Push, road: Proxy
) -> None:
    """The registry goes away midway: all who wait hear of it, who asks later gets a new try."""
    image = push(2 * MB)
    road.cut(after=MB, answer=FINAL)
    waiting = [asyncio.ensure_future(_failure(engine, image.at(road.port))) for _ in range(2)]

    for error in await asyncio.gather(*waiting):
        assert type(error) is PullError
        assert "had too many requests" in _sentence(error)
    road.answer = None

    assert (await all_of(engine.pull(image.at(road.port))))[-1].done == image.size


async def test_an_engine_that_goes_away_midway(
    far_engine: Engine, line: Proxy, push: Push, road: Proxy
) -> None:
    """Half an answer of the engine is not taken for the end of the pull."""
    image = push(2 * MB)
    road.hold(after=MB)
    pull = asyncio.ensure_future(_failure(far_engine, image.at(road.port)))
    await until(lambda: road.holding, "the registry has more to give")
    line.cut_now()

    error = await pull
    road.release()

    assert type(error) is EngineUnreachable
    assert "engine of this machine does not answer" in _sentence(error)


async def test_a_disk_that_is_full(tmp_path: Path, new_name: Callable[[str], str]) -> None:
    """The engine's word inside the stream, on a disk that is too small in fact."""
    with registry(tmp_path) as source:
        image = source.push_random(f"{new_name('lesson')}:1", [40 * MB])
    with (
        own_engine(tmp_path, disk="64m") as own,
        registry(tmp_path, within=own.within, port=source.port),
    ):
        client = docker.APIClient(own.url, version="auto")
        error = await _failure(Engine(client), image.at(source.port))
        client.close()

    assert type(error) is PullError
    assert _sentence(error).startswith("The disk of this machine is full")
