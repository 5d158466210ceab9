"""The images service at work: a real engine, a real registry, and lines that break."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import ImageNotFound

from opendata_hub.engine import Puller
from opendata_hub.machine import daemon
from opendata_hub.services.images import keeper as keepers
from opendata_hub.services.images.shelf import State
from opendata_hub.services.images.students import Students
from tests.conftest import remove_image
from tests.engine.conftest import SOCKET, Push, until
from tests.engine.hub_api import TOKEN, HubApi, hub_api
from tests.engine.keeping import Keeping, has_failed, shorten_pauses, stands
from tests.proxies import Proxy, http_answer, proxied
from tests.registries import PASSWORD, USER, Registry, random_layer, registry

MB = 10**6
FINAL = http_answer(429, "TOOMANYREQUESTS", "go away")  # others the engine tries five times
DEBIAN = "opendata-hub/debian:bookworm"
NEVER = {"custom_image": "localhost:1/will-not-come:1"}  # of a student who waits for it


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that are minutes in a class are moments here."""
    shorten_pauses(monkeypatch)


@pytest.fixture
async def hub() -> AsyncIterator[HubApi]:
    """The students, as a hub tells of them."""
    async with hub_api() as hub:
        yield hub


@pytest.fixture(params=[600])
def engines(request: pytest.FixtureRequest) -> Iterator[tuple[docker.DockerClient, Puller]]:
    """Two clients of the engine; a pull may be silent for the parameter's seconds."""
    client = daemon.connect()
    yield client, Puller(client.api, request.param)
    client.close()


@pytest.fixture
def keep(hub: HubApi, engines: tuple[docker.DockerClient, Puller]) -> Keeping:
    """Runs keepers on the engine of this machine."""
    return Keeping(hub, engines)


@pytest.fixture(autouse=True)
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What the keeper has logged."""
    caplog.set_level("INFO", "opendata_hub.images")
    return lambda: [r.getMessage() for r in caplog.records if r.name == "opendata_hub.images"]


# -- pulls


async def test_the_smallest_comes_first(
    keep: Keeping, push: Push, road: Proxy, said: Callable[[], list[str]]
) -> None:
    """The registry tells the sizes; one image is pulled after the other."""
    sizes = {"large": 3 * MB, "small": MB, "middle": 2 * MB}
    images = {slug: push(size).at(road.port) for slug, size in sizes.items()}

    async with keep(*({"slug": s, "image": i} for s, i in images.items())) as keeper:
        for slug in sizes:
            entry = await stands(keeper, slug, State.PRESENT)
            assert entry.size == sizes[slug]

    order = [line for line in said() if line.startswith("Pulling")]
    assert order == [f"Pulling {images[slug]}" for slug in ("small", "middle", "large")]
    assert keeper.counts == {"pulled": 3}


async def test_what_is_asked_for_is_next(
    keep: Keeping, push: Push, road: Proxy, said: Callable[[], list[str]]
) -> None:
    """Whatever its size; the pull under way is not thrown away for it."""
    sizes = {"a": MB, "b": 2 * MB, "c": 3 * MB}
    images = {slug: push(size).at(road.port) for slug, size in sizes.items()}
    async with keep(*({"slug": s, "image": i} for s, i in images.items())) as keeper:
        await stands(keeper, "a", State.PULLING)
        road.hold()
        await until(lambda: road.holding, "the registry has more to give")

        assert keeper.ask("c")
        assert not keeper.ask("z")
        road.release()
        for slug in sizes:
            await stands(keeper, slug, State.PRESENT)

    order = [line for line in said() if line.startswith("Pulling")]
    assert order == [f"Pulling {images[slug]}" for slug in "acb"]


async def test_a_shared_layer_is_downloaded_once(keep: Keeping, push: Push, road: Proxy) -> None:
    """Two entries on the same base cost the registry the base and what each adds."""
    base = random_layer("base", 3 * MB)
    one, two = push(base, MB), push(base, MB)

    async with keep(
        {"slug": "one", "image": one.at(road.port)}, {"slug": "two", "image": two.at(road.port)}
    ) as keeper:
        await stands(keeper, "one", State.PRESENT)
        await stands(keeper, "two", State.PRESENT)

    assert 5 * MB < road.served < 5.5 * MB


async def test_an_image_that_does_not_exist_keeps_nobody_waiting(
    keep: Keeping, push: Push, road: Proxy, said: Callable[[], list[str]]
) -> None:
    """The healthy ones come; the other says what is wrong, and is tried again and again."""
    image = push(MB).at(road.port)
    gone = f"localhost:{road.port}/nobody-has-this:1"

    async with keep({"slug": "gone", "image": gone}, {"slug": "healthy", "image": image}) as keeper:
        await stands(keeper, "healthy", State.PRESENT)
        entry = await has_failed(keeper, "gone", times=3)

    assert entry.failure.startswith("The registry has no such image: ")
    assert entry.failure.endswith(". Mend the catalogue's entry.")
    assert said()[0] == f"Pulling {image}"
    assert keeper.counts["failed"] >= 3


async def test_a_registry_that_is_down_and_comes_back(
    keep: Keeping, push: Push, road: Proxy, said: Callable[[], list[str]]
) -> None:
    """The pull fails and says why; a fresh try brings the image."""
    image = push(2 * MB)
    road.answer = FINAL

    async with keep({"slug": "lesson", "image": image.at(road.port)}) as keeper:
        entry = await has_failed(keeper, "lesson", times=2)
        assert entry.failure == "toomanyrequests: go away."
        road.answer = None
        await stands(keeper, "lesson", State.PRESENT)

    assert (entry.tries, entry.failure, entry.size) == (0, "", 2 * MB)
    assert keeper.counts["pulled"] == 1
    assert any(line.startswith("lesson: toomanyrequests: go away. Next try") for line in said())


async def test_a_registry_that_is_killed_half_way_and_comes_back(
    keep: Keeping, client: docker.APIClient, tmp_path: Path, new_name: Callable[[str], str]
) -> None:
    """The engine itself takes the pull up again: nothing has failed."""
    first = ExitStack()
    source = first.enter_context(registry(tmp_path))
    with first, proxied(source.port) as road:
        image = source.push_random(f"{new_name('lesson')}:1", [3 * MB])
        road.hold(after=image.size // 2)
        async with keep({"slug": "lesson", "image": image.at(road.port)}) as keeper:
            await stands(keeper, "lesson", State.PULLING)
            await until(lambda: road.holding, "half of it is here")
            first.close()
            asked = road.asked
            road.cut_now()  # what the dead one has left in the machine's buffers
            road.release()
            await until(lambda: road.asked > asked, "the engine asks again")
            with registry(tmp_path, port=source.port):
                await stands(keeper, "lesson", State.PRESENT)
        remove_image(client, image.at(road.port))

    assert keeper.counts == {"pulled": 1}


@pytest.mark.parametrize("engines", [1], indirect=True)
async def test_a_registry_that_falls_silent_is_given_up(
    keep: Keeping, push: Push, road: Proxy
) -> None:
    """It dies half way without a word: the service says so, and a fresh try brings the image."""
    image = push(2 * MB)
    road.hold(after=MB)

    async with keep({"slug": "lesson", "image": image.at(road.port)}) as keeper:
        entry = await has_failed(keeper, "lesson", times=2)
        assert entry.failure.startswith("nothing came from the registry for 1 s")
        road.release()
        await stands(keeper, "lesson", State.PRESENT)


@pytest.mark.parametrize("password", [PASSWORD, "a-wrong-one"])
async def test_a_private_registry(
    keep: Keeping,
    client: docker.APIClient,
    tmp_path: Path,
    new_name: Callable[[str], str],
    caplog: pytest.LogCaptureFixture,
    password: str,
) -> None:
    """With its login the image comes; a wrong one is told, and what to do; neither is logged."""
    caplog.set_level("DEBUG")
    with registry(tmp_path, login=True) as private:
        image = private.push_random(f"{new_name('lesson')}:1", [MB]).at(private.port)
        logins = {f"localhost:{private.port}": {"username": USER, "password": password}}
        async with keep({"slug": "lesson", "image": image}, registries=logins) as keeper:
            if password == PASSWORD:
                await stands(keeper, "lesson", State.PRESENT)
            else:
                entry = await has_failed(keeper, "lesson")
                assert f"localhost:{private.port} refused the login" in entry.failure
                assert password not in entry.failure
        remove_image(client, image)

    assert password not in caplog.text


async def test_a_password_file_that_is_missing(keep: Keeping, push: Push, road: Proxy) -> None:
    """One entry fails with the file's name; the service goes on with the others."""
    other = push(MB)
    logins = {"example.org": {"username": USER, "password_file": "/nowhere/word"}}

    async with keep(
        {"slug": "private", "image": "example.org/lesson:1"},
        {"slug": "open", "image": other.at(road.port)},
        registries=logins,
    ) as keeper:
        entry = await has_failed(keeper, "private")
        await stands(keeper, "open", State.PRESENT)

    assert entry.failure.startswith("/nowhere/word cannot be read")


# -- tags and recipes


async def test_a_tag_is_followed_and_the_old_image_stays_while_it_is_used(
    keep: Keeping,
    push: Push,
    road: Proxy,
    source: Registry,
    client: docker.APIClient,
    new_name: Callable[[str], str],
) -> None:
    """A moved tag brings its new image; the server that runs keeps its own."""
    image = push(MB)
    reference, name = image.at(road.port), new_name("engine-test")
    entry = {"slug": "lesson", "image": reference, "follow_tag": True}
    async with keep(entry, check_every=0.2) as keeper:
        await stands(keeper, "lesson", State.PRESENT)
        old = client.inspect_image(reference)["Id"]
        client.create_container(reference, ["nothing"], name=name)
        try:
            newer = source.push_random(image.name, [2 * MB])
            moved = newer.digest_at(road.port)
            await until(lambda: _digest_is(client, reference, moved), "the tag has moved")

            assert client.inspect_image(old)["Id"] == old
            assert client.inspect_container(name)["Image"] == old
        finally:
            client.remove_container(name)
            remove_image(client, old)


def _digest_is(client: docker.APIClient, reference: str, digest: str) -> bool:
    return digest in client.inspect_image(reference)["RepoDigests"]


async def test_a_tag_that_nobody_follows_is_left_alone_until_somebody_asks(
    keep: Keeping, push: Push, road: Proxy, source: Registry, client: docker.APIClient
) -> None:
    """What is here is not asked for again and again; the button does look for a newer one."""
    image = push(MB)
    reference = image.at(road.port)
    async with keep({"slug": "lesson", "image": reference}, check_every=0.1) as keeper:
        entry = await stands(keeper, "lesson", State.PRESENT)
        old, asked, due = client.inspect_image(reference)["Id"], road.asked, entry.due
        newer = source.push_random(image.name, [2 * MB])
        await until(lambda: entry.due > due + 0.3, "it was looked at again")
        assert road.asked == asked

        keeper.ask("lesson")
        moved = newer.digest_at(road.port)
        await until(lambda: _digest_is(client, reference, moved), "the tag has moved")
        remove_image(client, old)


async def test_a_locked_image_comes_by_digest_and_has_its_name(
    keep: Keeping, push: Push, road: Proxy, client: docker.APIClient, tmp_path: Path
) -> None:
    """Whatever the tag means by now, the lock's digest is pulled; people find it by name."""
    image = push(MB)
    lock = tmp_path / "catalogue.lock"
    lock.write_text(f"images: {{'{image.at(road.port)}': {{digest: '{image.digest}'}}}}")

    async with keep({"slug": "lesson", "image": image.at(road.port)}, lock=str(lock)) as keeper:
        await stands(keeper, "lesson", State.PRESENT)

    assert _digest_is(client, image.at(road.port), image.digest_at(road.port))


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe on the base image, which is made on this machine."""
    folder = tmp_path / "recipe"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {DEBIAN}\nCOPY greeting /greeting\n")
    (folder / "greeting").write_text(str(tmp_path))
    return folder


@pytest.fixture
def tag(client: docker.APIClient, new_name: Callable[[str], str]) -> Iterator[str]:
    """A reference for what is built, which is removed in the end."""
    reference = f"opendata-hub/{new_name('test')}:1"
    yield reference
    remove_image(client, reference)


async def test_what_is_made_here_is_built_where_it_is_missing_or_changed(
    keep: Keeping, recipe: Path, tag: str, client: docker.APIClient
) -> None:
    """Without anybody asking; an image that is as its recipe says is left alone."""
    entry = {"slug": "own", "image": tag, "build": str(recipe)}
    async with keep(entry, check_every=0.2) as keeper:
        await stands(keeper, "own", State.PRESENT)
        first = client.inspect_image(tag)["Id"]
        (recipe / "greeting").write_text("changed")
        await until(lambda: keeper.counts["built"] == 2, "it is built again")

    assert client.inspect_image(tag)["Id"] != first
    assert keeper.counts == {"built": 2}


async def test_a_recipe_that_fails_says_how(keep: Keeping, recipe: Path, tag: str) -> None:
    """The build's last lines are there to be read; mended, it is built."""
    whole = (recipe / "Dockerfile").read_text()
    (recipe / "Dockerfile").write_text(f"{whole}RUN echo this is wrong; exit 3\n")

    async with keep({"slug": "own", "image": tag, "build": str(recipe)}) as keeper:
        entry = await has_failed(keeper, "own")
        assert "this is wrong" in entry.failure
        (recipe / "Dockerfile").write_text(whole)
        await stands(keeper, "own", State.PRESENT)


async def test_a_recipe_on_nothing_is_told_before_anything_is_built(
    keep: Keeping, recipe: Path, tag: str, push: Push, road: Proxy
) -> None:
    """One wrong recipe costs the other entries nothing."""
    (recipe / "Dockerfile").write_text("FROM opendata-hub/nobody-made-this:1\n")
    own = {"slug": "own", "image": tag, "build": str(recipe)}

    async with keep(own, {"slug": "lesson", "image": push(MB).at(road.port)}) as keeper:
        entry = await has_failed(keeper, "own", times=2)
        await stands(keeper, "lesson", State.PRESENT)

    assert "stands on opendata-hub/nobody-made-this:1, but there is no" in entry.failure
    assert entry.size is None


async def test_what_no_registry_hands_out_is_built_from_its_recipe(
    keep: Keeping, recipe: Path, road: Proxy, client: docker.APIClient
) -> None:
    """A site without a way out makes the images itself."""
    reference = f"localhost:{road.port}/nobody-has-this:1"

    async with keep({"slug": "own", "image": reference, "build": str(recipe)}) as keeper:
        await stands(keeper, "own", State.PRESENT)
    remove_image(client, reference)

    assert keeper.counts == {"built": 1}


async def test_a_newer_one_that_cannot_be_had_is_not_built_in_its_place(
    keep: Keeping, recipe: Path, push: Push, road: Proxy
) -> None:
    """What is here is what the registry once gave; it stays, and the page says what failed."""
    image = push(MB).at(road.port)
    entry = {"slug": "own", "image": image, "build": str(recipe), "follow_tag": True}
    async with keep(entry, check_every=0.2) as keeper:
        await stands(keeper, "own", State.PRESENT)
        road.answer = FINAL
        failed = await has_failed(keeper, "own")

    assert failed.size == MB
    assert keeper.counts["built"] == 0


# -- students


async def test_a_pull_gives_way_to_a_student(
    keep: Keeping, push: Push, road: Proxy, hub: HubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends while somebody waits for another image that is not here, and goes on later."""
    monkeypatch.setattr(keepers, "_NEARLY_DONE", 0.0)
    image = push(3 * MB)
    road.rate = MB
    async with keep({"slug": "lesson", "image": image.at(road.port)}) as keeper:
        entry = await stands(keeper, "lesson", State.PULLING)
        await until(lambda: entry.progress.done > 0, "bytes come")
        hub.starting = [NEVER]
        await stands(keeper, "lesson", State.GIVING_WAY)
        asked = hub.asked
        await until(lambda: hub.asked > asked + 6, "it looks again who waits")
        assert entry.state is State.GIVING_WAY

        hub.starting, road.rate = [], None
        await stands(keeper, "lesson", State.PRESENT)

    assert keeper.counts == {"gave way": 1, "pulled": 1}


async def test_a_pull_that_is_nearly_done_is_not_left(
    keep: Keeping, push: Push, road: Proxy, hub: HubApi
) -> None:
    """Its last seconds cost the student less than doing it all again."""
    image = push(4 * MB)
    road.rate = 2 * MB
    async with keep({"slug": "lesson", "image": image.at(road.port)}) as keeper:
        entry = await stands(keeper, "lesson", State.PULLING)
        await until(lambda: entry.is_nearly_done(5), "its last seconds have come")
        hub.starting = [NEVER]
        await stands(keeper, "lesson", State.PRESENT)

    assert keeper.counts == {"pulled": 1}


@pytest.mark.parametrize(
    "options",
    [
        {"image": "lesson"},
        {},
        None,
        {"custom_image": DEBIAN},
        {"custom_image": "localhost/No Image Has This Name"},
        {"custom_image": "localhost/x/../../../containers"},
        {"custom_image": ["a", {}]},
        {"image": ["a", {}]},
        "a text",
    ],
    ids=str,
)
async def test_a_student_who_takes_nothing_from_it_holds_nothing_up(
    keep: Keeping, push: Push, road: Proxy, hub: HubApi, options: Any
) -> None:
    """Who waits for this image, for one that is here, or for none that can be."""
    image = push(MB)
    hub.starting = [options, options]

    async with keep({"slug": "lesson", "image": image.at(road.port)}) as keeper:
        await stands(keeper, "lesson", State.PRESENT)

    assert keeper.counts == {"pulled": 1}


async def test_students_of_a_locked_image_hold_it_not_up(
    keep: Keeping, push: Push, road: Proxy, hub: HubApi, tmp_path: Path
) -> None:
    """They wait for the digest that is being pulled, not for the tag."""
    image = push(MB)
    lock = tmp_path / "catalogue.lock"
    lock.write_text(f"images: {{'{image.at(road.port)}': {{digest: '{image.digest}'}}}}")
    hub.starting = [{"image": "lesson"}]

    async with keep({"slug": "lesson", "image": image.at(road.port)}, lock=str(lock)) as keeper:
        await stands(keeper, "lesson", State.PRESENT)


async def test_a_hub_that_does_not_answer_holds_nothing_up(
    engines: tuple[docker.DockerClient, Puller], hub: HubApi, push: Push, road: Proxy
) -> None:
    """It may be starting itself."""
    keep = Keeping(hub, engines)
    keep.students = Students("http://127.0.0.1:9/hub/api", TOKEN)

    async with keep({"slug": "lesson", "image": push(MB).at(road.port)}) as keeper:
        await stands(keeper, "lesson", State.PRESENT)


# -- engine and catalogue


async def test_an_engine_that_goes_away_and_comes_back(
    hub: HubApi, push: Push, road: Proxy, said: Callable[[], list[str]]
) -> None:
    """The fault is told once, and the image comes when the engine is back."""
    image = push(2 * MB)
    with proxied(SOCKET) as line:
        url = f"tcp://127.0.0.1:{line.port}"
        client = docker.DockerClient(url, version="1.41", timeout=60)
        line.answer = b""
        keep = Keeping(hub, (client, client.api))
        async with keep({"slug": "lesson", "image": image.at(road.port)}) as keeper:
            await until(lambda: keeper.fault, "the fault is told")
            assert keeper.fault.startswith("The container engine does not answer")
            road.hold(after=MB)
            line.answer = None
            await until(lambda: road.holding, "half of it is here")
            assert keeper.fault == ""
            line.cut_now(b"")
            await until(lambda: keeper.fault, "the fault is told again")
            road.release()
            line.answer = None
            await stands(keeper, "lesson", State.PRESENT)
            assert keeper.fault == ""
        client.close()

    assert len([said for said in said() if "does not answer" in said]) == 2


async def test_the_catalogue_may_change_meanwhile(
    keep: Keeping, push: Push, road: Proxy, tmp_path: Path
) -> None:
    """A new entry is fetched; a fault in the file is told, and what was before counts on."""
    image, other = push(MB).at(road.port), push(MB).at(road.port)
    file = tmp_path / "catalogue.yaml"
    line = "- {{slug: {}, display_name: An image, image: '{}'}}\n".format
    file.write_text(line("one", image))
    async with keep(catalogue=str(file)) as keeper:
        await stands(keeper, "one", State.PRESENT)

        file.write_text(line("one", image) + "- {slug: two}\n")
        await until(lambda: keeper.fault, "the fault is told")
        assert "catalogue.yaml: images[1]" in keeper.fault
        assert list(keeper.shelf.entries) == ["one"]

        file.write_text(line("one", image) + line("two", other))
        await stands(keeper, "two", State.PRESENT)
        assert keeper.fault == ""


async def test_an_image_that_somebody_removes_comes_back(
    keep: Keeping, push: Push, road: Proxy, client: docker.APIClient
) -> None:
    """At the next look."""
    image = push(MB).at(road.port)
    async with keep({"slug": "lesson", "image": image}, check_every=0.2) as keeper:
        await stands(keeper, "lesson", State.PRESENT)
        remove_image(client, image)
        with pytest.raises(ImageNotFound):
            client.inspect_image(image)
        await until(lambda: keeper.counts["pulled"] == 2, "it is pulled again")
