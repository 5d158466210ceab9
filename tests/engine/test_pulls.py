"""Pulls from a real registry: counted, shared, and whole whatever happens on the way."""

import asyncio

import docker
import pytest

from opendata_hub.engine import Engine
from tests.engine.conftest import Push, all_of, until
from tests.proxies import Proxy

MB = 10**6


async def test_a_pull_counts_its_bytes_up_to_the_total(
    engine: Engine, push: Push, road: Proxy
) -> None:
    """Half-way the bytes say so; at the end all are here, and unpacked."""
    image = push(2 * MB, MB, 40)
    road.hold(after=image.size // 2)
    seen = []

    async for progress in engine.pull(image.at(road.port)):
        seen.append(progress)
        if road.holding and progress.done > 0:
            road.release()

    assert any(0 < one.done < one.total for one in seen)
    assert all(0 <= one.done <= one.total <= image.size for one in seen)
    assert (image.size, image.size) == (seen[-1].total, seen[-1].unpacked)
    assert seen[-1].done == seen[-1].total


async def test_one_pull_serves_all_who_wait(engine: Engine, push: Push, road: Proxy) -> None:
    """Thirty students who want the same new image cost the registry one download."""
    image = push(2 * MB)
    road.hold(after=MB)
    waiting = [asyncio.ensure_future(all_of(engine.pull(image.at(road.port)))) for _ in range(30)]
    await until(lambda: road.holding, "the registry has more to give")
    late = asyncio.ensure_future(all_of(engine.pull(image.at(road.port))))
    road.release()

    ends = [seen[-1] for seen in await asyncio.gather(*waiting, late)]

    assert {image.size} == {end.done for end in ends}
    assert road.served < 1.1 * image.size


async def test_a_student_who_leaves_does_not_end_the_pull(
    engine: Engine, push: Push, road: Proxy
) -> None:
    """Everybody may leave, and who comes back joins the pull that goes on."""
    image = push(2 * MB)
    road.hold(after=MB)
    impatient = asyncio.ensure_future(all_of(engine.pull(image.at(road.port))))
    await until(lambda: road.holding, "the registry has more to give")
    impatient.cancel()
    await asyncio.wait([impatient])
    back = asyncio.ensure_future(all_of(engine.pull(image.at(road.port))))
    road.release()

    assert (await back)[-1].done == image.size
    assert impatient.cancelled()
    assert road.served < 1.1 * image.size


async def test_a_pull_that_is_over_is_asked_for_anew(
    engine: Engine, push: Push, road: Proxy
) -> None:
    """A tag may have moved: the next pull asks the registry, and fetches nothing it has."""
    image = push(MB)
    await all_of(engine.pull(image.at(road.port)))
    before = road.served

    seen = await all_of(engine.pull(image.at(road.port)))

    assert seen[-1].total == 0
    assert before < road.served < before + 10_000


@pytest.mark.parametrize("tag", ["", ":1"], ids=["digest", "tag and digest"])
async def test_an_image_can_be_pinned_by_digest(
    engine: Engine, push: Push, road: Proxy, tag: str
) -> None:
    """A reference by digest is pulled, and found under the same words."""
    image = push(1000)
    reference = image.digest_at(road.port).replace("@", f"{tag}@")

    await all_of(engine.pull(reference))

    assert image.digest_at(road.port) in (await engine.image(reference))["RepoDigests"]
    assert image.digest_at(road.port) in await engine.image_sizes()


async def test_sizes_are_known_by_tag(engine: Engine, push: Push, road: Proxy) -> None:
    """The options page can say how big an image is, and nothing nameless is in the list."""
    image = push(MB)
    await all_of(engine.pull(image.at(road.port)))

    sizes = await engine.image_sizes()

    assert sizes[image.at(road.port)] == MB
    assert not [name for name in sizes if "<none>" in name]


async def test_a_broken_connection_is_taken_up_where_it_broke(
    engine: Engine, push: Push, road: Proxy
) -> None:
    """The registry comes back: the pull completes, and its bytes never go backwards."""
    image = push(3 * MB)
    road.cut(after=2 * MB)

    seen = await all_of(engine.pull(image.at(road.port)))

    done = [one.done for one in seen]
    assert sorted(done) == done
    assert all(one.done <= one.total <= image.size for one in seen)
    assert image.size == done[-1]
    assert road.served < 1.2 * image.size


async def test_polls_go_on_while_a_pull_stands_still(
    engine: Engine, push: Push, road: Proxy, client: docker.APIClient
) -> None:
    """A pull that takes an hour holds up nobody else's server."""
    image = push(2 * MB)
    road.hold(after=MB)
    pull = asyncio.ensure_future(all_of(engine.pull(image.at(road.port))))
    await until(lambda: road.holding, "the registry has more to give")

    polls = await asyncio.gather(*[engine.container(f"nobody-{i}") for i in range(20)])

    assert not pull.done()
    assert polls == [None] * 20
    road.release()
    await pull
