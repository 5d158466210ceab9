"""Instructors: what the hub lets them do, what it does not, their page, and the class's folder."""

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import docker
import httpx
import pytest

from opendata_hub.storage import shared
from tests import stand_in
from tests.conftest import remove_traces
from tests.hubs import RunningHub, running_hub, wait_for
from tests.ports import free_ports

EXTRA = """
import os
from opendata_hub import teaching
from opendata_hub.services import homes
c.OpenDataSpawner.catalogue = [
    dict(slug="light", display_name="Light", image="{image}", default=True),
    dict(slug="exam", display_name="Exam", image="{image}", groups=["{mine}"]),
    dict(slug="broken", display_name="Broken", image="opendata-hub/none:1"),
]
c.JupyterHub.load_groups = {{
    "{mine}": {{"users": ["anna", "ben"]}},
    "{other}": {{"users": ["carl"]}},
}}
c.JupyterHub.load_roles[0]["scopes"] += ["tokens"]
c.JupyterHub.extra_handlers = []
teaching.add(c, {{"{mine}": {teachers}, "{other}": ["colleague"]}})
homes.add(c, {port}, homes.Config())
c.JupyterHub.services[-1]["environment"].update(
    {{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}}
)
"""

PEOPLE = ("teacher", "colleague", "anna", "ben", "carl", "boss")


@dataclass
class School:
    """A hub with two classes; names in calls stand for people whom no other test knows."""

    hub: RunningHub
    mine: str
    other: str
    names: dict[str, str]
    written: Callable[[list[str]], str]
    """The lines of its configuration with these instructors of ``mine``."""

    @property
    def students(self) -> tuple[str, str]:
        """Of the class ``mine``."""
        return self.names["anna"], self.names["ben"]

    def named(self, text: str) -> str:
        """Put the real names into a path or a body."""
        text = re.sub(r"\b(mine|other)\b", lambda match: getattr(self, match[0]), text)
        return re.sub(r"\w+", lambda match: self.names.get(match[0], match[0]), text)

    def token(self, who: str) -> httpx.Client:
        """The API as somebody's own token opens it: all that they may do."""
        answer = self.hub.api.post(f"/users/{self.names[who]}/tokens", json={})
        headers = {"Authorization": f"token {answer.json()['token']}"}
        client = httpx.Client(base_url=f"{self.hub.url}/hub/api", headers=headers, timeout=60)
        self.hub.sessions.append(client)
        return client

    def container(self, who: str) -> "Inside":
        """The container of a user's server."""
        return Inside(self.hub.client, self.hub.container(self.names[who])["Id"])


@dataclass
class Inside:
    """A container."""

    client: docker.APIClient
    id: str

    def run(self, script: str) -> str:
        """What a script prints, as the server's own user runs it; and its errors."""
        job = self.client.exec_create(self.id, ["sh", "-c", script], user="1000:100")
        said: bytes = self.client.exec_start(job["Id"])
        return said.decode().strip()


@pytest.fixture(scope="module")
def school(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, build: Callable[..., str]
) -> Iterator[School]:
    """The hub; ``teacher`` has the class ``mine``, with ``anna`` and ``ben``."""
    names = {who: f"{who}-{secrets.token_hex(3)}" for who in PEOPLE} | {"boss": "boss"}
    mine, other = f"physics-{secrets.token_hex(3)}", f"Chemistry.{secrets.token_hex(3)}"
    image, (port,) = build(stand_in.LINES, base=stand_in.BASE), free_ports(1)

    def written(teachers: list[str]) -> str:
        text = EXTRA.format(image=image, mine=mine, other=other, port=port, teachers=teachers)
        return re.sub(r"\w+", lambda match: names.get(match[0], match[0]), text)

    with running_hub(tmp_path_factory.mktemp("hub"), client, written(["teacher"])) as hub:
        hub.users |= {*names.values()}
        hub.add_user("boss")
        yield School(hub, mine, other, names, written)
    for group in (mine, other):
        remove_traces(client, shared.owner(group))


ALLOWED = [
    ("GET", "users/anna", None, 200),
    ("POST", "users/anna/server", None, 201),
    ("GET", "users/anna/server/progress", None, 200),
    ("DELETE", "users/anna/server", None, 204),
    ("POST", "users/ben/server", '{"image": "exam"}', 201),
    ("DELETE", "users/ben/server", None, 204),
]

FORBIDDEN = [
    # other classes, their instructors, and admins
    ("GET", "users/carl", None),
    ("POST", "users/carl/server", None),
    ("DELETE", "users/carl/server", None),
    ("GET", "users/colleague", None),
    ("POST", "users/colleague/server", None),
    ("GET", "users/boss", None),
    ("POST", "users/boss/server", None),
    # what belongs to the students alone
    ("GET", "users/anna/tokens", None),
    ("POST", "users/anna/tokens", "{}"),
    ("DELETE", "users/anna", None),
    ("PATCH", "users/anna", '{"admin": true}'),
    ("PATCH", "users/anna", '{"name": "ben2"}'),
    ("POST", "users/anna/shares", "{}"),
    # rising higher
    ("PATCH", "users/teacher", '{"admin": true}'),
    ("POST", "users/somebody", None),
    ("POST", "users", '{"usernames": ["somebody"], "admin": true}'),
    # a larger class: an admin in it would be theirs
    ("GET", "groups", None),
    ("GET", "groups/mine", None),
    ("POST", "groups/mine/users", '{"users": ["boss"]}'),
    ("POST", "groups/other/users", '{"users": ["teacher"]}'),
    ("DELETE", "groups/mine/users", '{"users": ["anna"]}'),
    ("PUT", "groups/mine/properties", "{}"),
    ("DELETE", "groups/mine", None),
    ("POST", "groups/new", None),
    # the hub itself
    ("POST", "shutdown", "{}"),
    ("GET", "proxy", None),
    ("POST", "proxy", None),
    ("GET", "services", None),
    ("POST", "services/new", "{}"),
    ("GET", "info", None),
    ("GET", "shares/boss/", None),
    ("POST", "shares/anna/", '{"user": "carl"}'),
]

TOO_MUCH = [
    ("POST", "users/teacher/tokens", '{"scopes": ["admin:users"]}'),
    ("POST", "users/teacher/tokens", '{"scopes": ["access:servers"]}'),
    ("POST", "users/teacher/tokens", '{"scopes": ["access:servers!group=other"]}'),
    ("POST", "users/teacher/tokens", '{"scopes": ["access:servers!user=boss"]}'),
]
"""Rights that a token of one's own cannot have."""


def test_what_an_instructor_may_and_nothing_more(school: School) -> None:
    """Every call of the hub's API that could do harm, with a token that may all that they may."""
    api = school.token("teacher")

    def ask(method: str, path: str, body: str | None) -> httpx.Response:
        content = school.named(body).encode() if body else None
        return api.request(method, f"/{school.named(path)}", content=content)

    assert {user["name"] for user in api.get("/users").json()} == {*school.students}
    for method, path, body, status in ALLOWED:
        answer = ask(method, path, body)
        assert answer.status_code == status, (method, path, answer.text)
    refused = {call: ask(*call).status_code for call in (*FORBIDDEN, *TOO_MUCH)}
    assert {call for call, status in refused.items() if status not in (403, 404)} == {*TOO_MUCH}
    assert {refused[call] for call in TOO_MUCH} == {400}


def test_others_have_no_class(school: School) -> None:
    """A student sees neither page nor class, an instructor no other one; admins see all."""

    def status(who: str, path: str) -> int:
        return school.hub.session(school.names[who]).get(school.named(path)).status_code

    assert status("anna", "/hub/class") == status("anna", "/hub/class/mine") == 404
    assert status("teacher", "/hub/class") == 200
    assert status("teacher", "/hub/class/other") == status("teacher", "/hub/class/none") == 404
    assert status("boss", "/hub/class/mine") == status("boss", "/hub/class/other") == 200
    assert status("teacher", "/hub/admin") == 403
    assert status("teacher", "/hub/metrics") == 403
    assert status("teacher", "/services/homes/all") == 403


def rows(page: str) -> dict[str, tuple[str, str]]:
    """State of each student's server on the page, and all words about it."""
    found = re.findall(r'<tr data-user="(.*?)" data-state="(.*?)">(.*?)</tr>', page, re.DOTALL)
    words = (" ".join(re.sub(r"<.*?>", " ", text).split()) for _, _, text in found)
    return {user: (state, text) for (user, state, _), text in zip(found, words, strict=True)}


def test_the_page_starts_restarts_and_stops(school: School) -> None:
    """Each button does what it says, for the students of the class alone; nothing without proof."""
    hub, (anna, ben) = school.hub, school.students
    teacher = hub.session(school.names["teacher"])
    page = school.named("/hub/class/mine")

    def press(who: str, action: str, **more: str) -> httpx.Response:
        form = {"_xsrf": teacher.cookies.get("_xsrf", path="/hub/"), **more}
        return teacher.post(f"{page}/{school.names.get(who, who)}/{action}", data=form)

    def state(user: str) -> str:
        return rows(teacher.get(page).text)[user][0]

    assert set(rows(teacher.get(page).text)) == {anna, ben}
    for who in ("carl", "colleague", "boss", "teacher", "nobody"):
        assert press(who, "start").status_code == 404, who
    assert press("anna", "start", _xsrf="forged").status_code == 403
    assert press("anna", "start", server="none").status_code == 404
    assert rows(press("anna", "start").text)[anna][0] in ("starting", "running")
    wait_for(lambda: state(anna) == "running", "the server runs")
    first = hub.container(anna)["Id"]
    assert "Light" in rows(teacher.get(page).text)[anna][1]
    press("anna", "restart")
    wait_for(lambda: hub.runs(anna) and hub.container(anna)["Id"] != first, "another one is there")
    wait_for(lambda: state(anna) == "running", "it runs")
    assert rows(press("anna", "stop").text)[anna][0] in ("stopping", "stopped")
    wait_for(lambda: state(anna) == "stopped", "it is gone")
    assert not hub.runs(anna)
    assert [hub.servers(school.names[who]) for who in ("carl", "colleague", "boss")] == [{}] * 3
    assert "Traceback" not in hub.log


def test_the_page_tells_why_a_server_is_not_there(school: School) -> None:
    """What the student was told when the last start failed; the next start is a fresh one."""
    hub, (_, ben) = school.hub, school.students
    assert not hub.start(ben, {"image": "broken"}).ok
    state, text = rows(hub.page(school.names["teacher"], school.named("/hub/class/mine")))[ben]
    assert state == "failed"
    assert "Broken" in text


def test_the_folder_of_a_class(school: School) -> None:
    """The instructor writes, students read; a symlink in it leads into the reader's own home."""
    hub, folder = school.hub, f"~/class/{school.mine}"
    for who in ("teacher", "anna", "carl"):
        assert hub.start(school.names[who], {"image": "light"}).ok
    teacher, anna, carl = (school.container(who) for who in ("teacher", "anna", "carl"))
    links = {"absolute": "/home/jovyan/secret", "relative": "../../secret", "data": "/data"}
    script = f"cd {folder} && echo first > exercise.txt"
    for name, target in links.items():
        script += f" && ln -s {target} {name}"
    assert teacher.run(f"{script} && echo teacher > ~/secret") == ""
    assert anna.run(f"cat {folder}/exercise.txt; echo anna > ~/secret") == "first"
    for attempt in (
        f"touch {folder}/x", f"rm {folder}/exercise.txt", f"chmod 777 {folder}",
        f"echo x > {folder}/exercise.txt", f"ln {folder}/exercise.txt ~/exercise.txt",
        f"mv {folder} ~/other", f"rmdir {folder}",
    ):  # fmt: skip
        assert re.search(r"Read-only|Invalid cross-device|busy", anna.run(attempt)), attempt
    for name in ("absolute", "relative"):
        assert anna.run(f"cat {folder}/{name}") == "anna"
        assert teacher.run(f"cat {folder}/{name}") == "teacher"
    assert anna.run(f"echo more > {folder}/absolute; cat ~/secret") == "more"
    assert teacher.run("cat ~/secret") == "teacher"
    assert anna.run("ls -A ~/class") == school.mine
    assert carl.run("ls -A ~/class") == school.other
    assert carl.run(f"ls -A {folder.replace(school.mine, school.other)}") == ""


def test_whoever_has_something_in_its_place_is_told(school: School) -> None:
    """A student's own files at the place of the folder stay; the server comes up without it."""
    hub, place = school.hub, f"~/class/{school.mine}"
    school.names["late"] = late = hub.add_user(f"late-{school.names['anna']}")
    assert hub.start(late, {"image": "light"}).ok
    assert school.container("late").run(f"mkdir -p {place} && echo own > {place}/mine") == ""
    hub.stop(late)
    hub.add_user(late, school.mine)
    assert hub.start(late, {"image": "light"}).ok
    assert school.container("late").run(f"cat {place}/mine") == "own"
    told = rows(hub.page(school.names["teacher"], school.named("/hub/class/mine")))[late][1]
    assert f"something of its own at {place}" in told


def test_who_is_taken_off_the_list_has_nothing_left(school: School) -> None:
    """At the hub's next start its page and its API are closed to a former instructor's token."""
    hub, anna = school.hub, school.names["anna"]
    former = school.token("teacher")
    assert former.get(f"/users/{anna}").status_code == 200
    hub.end()
    before, after = school.written(["teacher"]), school.written([])
    hub.config.write_text(hub.config.read_text().replace(before, after))
    hub.run()
    assert former.get(f"/users/{anna}").status_code == 404
    assert former.post(f"/users/{anna}/server").status_code == 404
    assert former.get("/users").status_code == 403
    assert hub.session(school.names["teacher"]).get("/hub/class").status_code == 404
    own = former.get("/user").json()
    assert not [scope for scope in own["scopes"] if "group=" in scope]
