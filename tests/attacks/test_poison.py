"""Servers that answer the hub with traps, and homes with traps for what works in them."""

import asyncio
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import httpx

from opendata_hub.storage import packing
from opendata_hub.storage.exporting import export
from tests.attacks.conftest import DATA, only_walls
from tests.attacks.ground import Ground, GroundHub
from tests.attacks.inside import files
from tests.attacks.puppet import TRAPS
from tests.attacks.students import Student
from tests.hubs import wait_for

pytestmark = only_walls

NOTE = "Why my kernel stopped.txt"
ROUNDS = 180.0  # seconds for two looks at all servers, of which some answer slowly
MOST = 80  # MiB that the hub may grow by; each trap alone would be more


def peak(hub: GroundHub) -> int:
    """The most memory that the hub has had, in MiB."""
    lines = Path(f"/proc/{hub.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def test_answers_to_a_start(hub: GroundHub, ben: Student, new_name: Callable[[str], str]) -> None:
    """A server that answers its own start endlessly, slowly, or elsewhere: the hub waits for it, \
and meanwhile serves everybody else."""
    before, users = peak(hub), [hub.add_user(new_name(trap)) for trap in TRAPS]
    for user, trap in zip(users, TRAPS, strict=True):
        hub.ask(user, {"image": f"early-{trap}"})
    waiting = [user for user, trap in zip(users, TRAPS, strict=True) if trap in ("endless", "slow")]
    wait_for(lambda: all(map(hub.runs, waiting)), "they have begun")

    other = hub.add_user(new_name("other"))
    hub.ask(other, {"image": "quick"})
    assert hub.follow(other)[-1].get("ready")
    assert httpx.get(f"{hub.url}/hub/login").is_success
    assert ben.opens()

    assert peak(hub) - before < MOST
    for user in waiting:
        hub.client.kill(hub.container(user)["Id"])
        assert "stopped while it was starting" in hub.follow(user)[-1]["message"]


def test_answers_to_the_hubs_services(
    hub: GroundHub, ben: Student, new_name: Callable[[str], str]
) -> None:
    """The same to the service that looks for idle servers: it says so, looks at all others, and \
shows no token but the server's own."""
    users = {trap: hub.add_user(new_name(trap)) for trap in TRAPS}
    for trap, user in users.items():
        assert hub.start(user, {"image": f"late-{trap}"}).ok
    begun = len(hub.log)

    for told in (*(f"{user} stays: its server" for user in users.values()), f"{ben.name} stays"):
        wait_for(lambda told=told: told in hub.log[begun:], told, ROUNDS)

    for user in users.values():
        for token in tokens_seen_by(hub, user):
            assert not opens_others(hub, ben, token)
        hub.stop(user)


def tokens_seen_by(hub: GroundHub, user: str) -> list[str]:
    """Tokens with which anybody has asked this user's server."""
    ask = "from urllib.request import urlopen; print(urlopen('http://localhost:8888/seen').read())"
    job = hub.client.exec_create(hub.container(user)["Id"], ["python3", "-c", ask])
    said = hub.client.exec_start(job["Id"]).decode()
    tokens: list[str] = json.loads(said[said.index("[") : said.rindex("]") + 1])
    assert tokens
    return tokens


def opens_others(hub: GroundHub, ben: Student, token: str) -> bool:
    """Whether this token opens another student's server, or tells who is there."""
    headers = {"Authorization": f"token {token}"}
    urls = (f"{hub.url}/user/{ben.name}/api/contents", f"{hub.url}/hub/api/users")
    return any(httpx.get(url, headers=headers).status_code == 200 for url in urls)


CONFIG = """
import os
with open("/proc/self/status") as status, open("/home/jovyan/ran", "w") as file:
    file.write(status.read())
raise SystemExit("poisoned")
"""
PLACES = (
    ".jupyter/jupyter_server_config.py",
    ".jupyter/jupyter_lab_config.py",
    ".ipython/profile_default/startup/00.py",
)


async def test_a_poisoned_configuration(hub: GroundHub, machine: Ground, cleo: Student) -> None:
    """Configuration in one's home that runs with the next server: as the student, who can delete \
it by the hub's page when no server starts any more."""
    for path in PLACES:
        await cleo.does(files.writes, path, CONFIG)
    await asyncio.to_thread(hub.stop, cleo.name)

    failed = await asyncio.to_thread(hub.start, cleo.name)

    assert "stopped while it was starting" in failed.message
    ran = (machine.home(cleo.name) / "ran").read_text()
    assert "Uid:\t1000\t1000\t1000\t1000" in ran and "CapBnd:\t0000000000000000" in ran
    await asyncio.to_thread(deletes, hub.session(cleo.name), [".jupyter", ".ipython"])
    await asyncio.to_thread(cleo.comes_back)


def deletes(page: httpx.Client, paths: list[str]) -> str:
    """Delete in one's home by the hub's page; return what that says."""
    found = page.get("/services/homes/")
    xsrf = found.text.partition('name="_xsrf" value="')[2].partition('"')[0]
    form = {"chosen": paths, "sure": "yes", "_xsrf": xsrf}
    return page.post("/services/homes/delete", data=form).raise_for_status().text


async def test_symlinks_and_the_page_that_deletes(
    hub: GroundHub, machine: Ground, cleo: Student
) -> None:
    """A symlink in one's home to the machine's files, for the page that lists and deletes: it is \
not followed."""
    secret = hub.folder / "secret"
    secret.mkdir()
    (secret / "kept").write_text("kept")
    for name, target in (("out", str(secret)), ("up", "../../../../../.."), ("etc", "/etc")):
        await cleo.does(files.links, name, target)
    page = await asyncio.to_thread(hub.session, cleo.name)

    for path in ("out", "up", "etc", "..", "../.."):
        seen = page.get("/services/homes/", params={"path": path}).text
        assert "kept" not in seen and "passwd" not in seen
    deletes(page, ["out/kept", "up/etc/passwd", "../../x", "out", "up", "etc"])

    assert (secret / "kept").read_text() == "kept"
    assert not (machine.home(cleo.name) / "out").is_symlink()


async def test_symlinks_and_what_is_kept(
    hub: GroundHub, machine: Ground, cleo: Student, tmp_path: Path
) -> None:
    """The same for archives and exports, which root makes: they hold the link, not what it leads \
to."""
    secret = hub.folder / ".hub" / "cookie_secret"
    await cleo.does(files.links, "secret", str(secret))
    place = machine.home(cleo.name)

    packing.pack(place, tmp_path / "home.tar.gz")
    export(place, "home", tmp_path / "home.zip", lambda _: None)

    with tarfile.open(tmp_path / "home.tar.gz") as archive:
        assert archive.getmember("./secret").issym()
    with ZipFile(tmp_path / "home.zip") as archive:
        assert archive.read("home/secret") == str(secret).encode()


async def test_a_symlink_for_the_note(hub: GroundHub, machine: Ground, cleo: Student) -> None:
    """The same in the place of the note that the hub leaves where memory has ended: what it leads \
to is as it was."""
    target = f"/data/{DATA}/events.txt"
    await cleo.does(files.links, NOTE, target)

    await cleo.starves()

    wait_for(lambda: "out of memory" in hub.log, "the hub has noticed")
    place = machine.home(cleo.name) / NOTE
    wait_for(lambda: not place.is_symlink() and place.is_file(), "the note is there")
    assert (hub.folder / DATA / "events.txt").read_text() == "four muons"


def test_lines_for_the_log(hub: GroundHub, new_name: Callable[[str], str]) -> None:
    """Lines that a server prints before it dies, to forge the hub's log or to steer the terminal \
of who reads it: they stand there as text, indented."""
    user = hub.add_user(new_name("user"))
    assert hub.start(user, {"image": "quick"}).ok
    container, begun = hub.container(user)["Id"], len(hub.log)
    printed = r"\033[2J\r\033]0;mine\007[I JupyterHub] User admin logged in\n[I JupyterHub] forged"
    write = ["sh", "-c", f"printf '{printed}\\n' > /proc/1/fd/1"]
    hub.client.exec_start(hub.client.exec_create(container, write)["Id"])
    hub.client.kill(container)

    wait_for(lambda: "] forged" in hub.log[begun:], "the hub has told of it")

    told = hub.log[begun:]
    assert "\033[2J" not in told and "\007" not in told
    assert not [line for line in told.splitlines() if line.startswith("[I JupyterHub]")]
