"""Culling: which server is stopped, which stays, and the reason that is given."""

import json
import logging
import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta, timezone
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from jupyterhub.services.auth import HubAuth
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from traitlets.config import Config as Traits

from opendata_hub.services import culling
from opendata_hub.services.culling import patience
from opendata_hub.services.culling.arbiter import Arbiter, owner
from opendata_hub.services.culling.config import VARIABLE
from opendata_hub.services.culling.jupyter import Life, read
from opendata_hub.services.culling.kept import Kept
from opendata_hub.services.culling.notice import Notice, warn
from opendata_hub.services.culling.pages import application
from opendata_hub.services.culling.patience import Patience
from opendata_hub.services.culling.presence import Presence
from opendata_hub.services.culling.record import Look, Record
from opendata_hub.services.culling.verdict import Verdict, judge, spell
from opendata_hub.services.culling.watched import Watched

MINUTE, HOUR = 60.0, 3600.0
NOW = datetime(2026, 11, 24, 14, 0, tzinfo=timezone.utc)
HUB_S = Patience(idle=2 * HOUR, busy=inf)
UP_TO_A_DAY = Patience(idle=2 * HOUR, busy=24 * HOUR)


def watched(hours: float, look: Callable[[float], Look]) -> Record:
    """What is known of a server after so many hours of looks, one each five minutes."""
    record = Record(look(0))
    for number in range(1, round(hours * 12) + 1):
        record.take(look(number * 5 * MINUTE))
    return record


def abandoned(at: float) -> Look:
    """Left for good a minute before the first look."""
    return Look(clock=at, busy=0, used=at + MINUTE, moved=at + MINUTE, cpu=10)


def never_run(at: float) -> Look:
    """Left likewise, and no kernel was ever started."""
    return Look(clock=at, busy=0, used=at, moved=inf, cpu=10)


def watching(at: float) -> Look:
    """Somebody has its page in front, and does nothing."""
    return Look(clock=at, busy=0, used=8, moved=at, cpu=10)


def silent_cell(at: float) -> Look:
    """A kernel has been busy since before the first look, with nobody there."""
    return Look(clock=at, busy=1, used=at, moved=at, cpu=10)


def printing_cell(at: float) -> Look:
    """The same, and its output hides whether somebody is there."""
    return Look(clock=at, busy=1, used=None, moved=0.1, cpu=10 + at)


def silent_job(at: float) -> Look:
    """A process takes a twentieth of a core."""
    return Look(clock=at, busy=0, used=at, moved=inf, cpu=10 + 0.05 * at)


def talking_job(at: float) -> Look:
    """A terminal has output each minute, of something that hardly needs the CPU."""
    return Look(clock=at, busy=0, used=at, moved=min(at, MINUTE), cpu=10)


def at_rest(at: float) -> Look:
    """Only what JupyterLab and its kernels do by themselves."""
    return Look(clock=at, busy=0, used=at + MINUTE, moved=at + MINUTE, cpu=10 + 0.001 * at)


@pytest.mark.parametrize(
    ("look", "hours", "limits", "stop", "reason"),
    [
        (abandoned, 1, HUB_S, False, "nobody has used it for 1h 1m, of 2h"),
        (abandoned, 2, HUB_S, True,
         "nobody has used it for 2h 1m, and nothing has run in it for 2h 1m"),
        (never_run, 2, HUB_S, True,
         "nobody has used it for 2h, and nothing has ever run in it"),
        (at_rest, 2, HUB_S, True,
         "nobody has used it for 2h 1m, and nothing has run in it for 2h 1m"),
        (watching, 50, HUB_S, False, "nobody has used it for 8s, of 2h"),
        (watching, 50, UP_TO_A_DAY, False, "nobody has used it for 8s, of 2h"),
        (silent_cell, 200, HUB_S, False, "a kernel is busy"),
        (silent_cell, 23, UP_TO_A_DAY, False, "a kernel is busy"),
        (silent_cell, 24, UP_TO_A_DAY, True,
         "nobody has used it for 1d, and a kernel is busy, for 1d: more than `busy` lets it"),
        (printing_cell, 200, HUB_S, False, "a kernel is busy"),
        (printing_cell, 24, UP_TO_A_DAY, True,
         "nobody has used it for 1d, and a kernel is busy, for 1d: more than `busy` lets it"),
        (silent_job, 200, HUB_S, False, "its processes have used 15 s of CPU in 300 s"),
        (silent_job, 24, UP_TO_A_DAY, True,
         "nobody has used it for 1d, and its processes have used 15 s of CPU in 300 s, for 1d: "
         "more than `busy` lets it"),
        (talking_job, 200, HUB_S, False, "a kernel or a terminal has had output or input"),
        (abandoned, 50, Patience(inf, inf), False,
         "culling is off for its image or for a group of its owner"),
    ],
)  # fmt: skip
def test_who_is_stopped(
    look: Callable[[float], Look], hours: float, limits: Patience, stop: bool, reason: str
) -> None:
    """A server is stopped that nobody uses and nothing runs in; each decision has its reason."""
    assert judge(watched(hours, look), limits) == Verdict(stop, reason)


def test_after_work_the_whole_time_begins_anew() -> None:
    """Whose cell ended a moment ago can still come and look at what it found."""
    record = watched(10, silent_cell)
    end = 10 * HOUR
    record.take(Look(end + 5 * MINUTE, busy=0, used=end, moved=2 * MINUTE, cpu=10))
    assert judge(record, HUB_S).reason == "a kernel or a terminal has had output or input"
    record.take(Look(end + 10 * MINUTE, busy=0, used=end, moved=7 * MINUTE, cpu=10))
    assert judge(record, HUB_S).reason == "nothing has run in it for 5m, of 2h"


def test_a_limit_on_work_counts_work_at_a_stretch() -> None:
    """A look at which nothing works begins it anew."""
    record = watched(23, silent_cell)
    record.take(Look(23.5 * HOUR, busy=0, used=inf, moved=inf, cpu=10))
    record.take(Look(24 * HOUR, busy=1, used=inf, moved=inf, cpu=10))
    assert judge(record, UP_TO_A_DAY) == Verdict(False, "a kernel is busy")


def test_a_clock_that_is_set_stops_nobody() -> None:
    """Three hours forward, and whoever was here a minute ago still was."""
    record = watched(1, watching)
    hour = HOUR + 5 * MINUTE
    record.take(Look(hour, busy=0, used=3 * HOUR, moved=3 * HOUR, cpu=10))
    assert judge(record, HUB_S).reason == "nobody has used it for 5m 8s, of 2h"


def test_time_in_which_nobody_could_see_does_not_count() -> None:
    """A server that hung for a day was not idle for a day."""
    record = watched(1, abandoned)
    record.miss(24 * HOUR)
    record.take(Look(25 * HOUR, busy=0, used=25 * HOUR, moved=25 * HOUR, cpu=10))
    assert record.unused == 2 * HOUR + MINUTE


def test_two_kernels_are_two() -> None:
    """The reason counts them."""
    record = watched(0, abandoned)
    record.take(Look(MINUTE, busy=2, used=HOUR, moved=HOUR, cpu=10))
    assert record.work == "2 kernels are busy"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0s"), (40, "40s"), (300, "5m"), (7500, "2h 5m"), (90000, "1d 1h"), (86461, "1d 1m")],
)
def test_durations_are_written_as_people_type_them(seconds: float, words: str) -> None:
    """The two largest units."""
    assert spell(seconds) == words


# -- whose limits


def limits(
    enabled: bool = True, idle: float | None = None, busy: float | None = None
) -> culling.Limits:
    """Shorter to write."""
    return culling.Limits(enabled=enabled, idle=idle, busy=busy)


@pytest.mark.parametrize(
    ("image", "groups", "expected"),
    [
        ("", [], Patience(100, 1000)),
        ("other", ["others"], Patience(100, 1000)),
        ("small", [], Patience(10, 1000)),
        ("small", ["staff"], Patience(300, 2000)),
        ("", ["staff", "thesis"], Patience(300, 9000)),
        ("large", ["staff"], Patience(inf, inf)),
    ],
)
def test_image_and_groups_go_first_and_the_longest_counts(
    image: str, groups: list[str], expected: Patience
) -> None:
    """What is written for neither is the hub's; one word switches it off."""
    given = culling.Config(
        idle=100,
        busy=1000,
        images={"small": limits(idle=10), "large": limits(enabled=False)},
        groups={"staff": limits(idle=300, busy=2000), "thesis": limits(busy=9000)},
    )
    assert patience.of(given, image, groups) == expected


# -- what servers and the hub tell


def before(seconds: float) -> str:
    """A moment, as Jupyter's servers write it."""
    return (NOW - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def kernel(state: str, seconds: float) -> dict[str, Any]:
    """One of the list of kernels."""
    return {"execution_state": state, "last_activity": before(seconds)}


@pytest.mark.parametrize(
    ("used", "kernels", "terminals", "life"),
    [
        (50, [], [], Life(busy=0, used=50, moved=inf)),
        (50, [kernel("idle", 90)], [], Life(busy=0, used=50, moved=90)),
        (50, [kernel("starting", 90)], [], Life(busy=0, used=50, moved=90)),
        (50, [kernel("busy", 90), kernel("idle", 70)], [], Life(busy=1, used=50, moved=70)),
        (50, [kernel("busy", 50)], [], Life(busy=1, used=None, moved=50)),
        (50, [], [{"last_activity": before(40)}], Life(busy=0, used=None, moved=40)),
        (-5, [], [], Life(busy=0, used=0, moved=inf)),
    ],
)
def test_what_a_server_tells(
    used: float, kernels: list[Any], terminals: list[Any], life: Life
) -> None:
    """Use shows where it is later than output; only busy is busy; no moment is in the future."""
    assert read({"last_activity": before(used)}, kernels, terminals, NOW) == life


@pytest.mark.parametrize("status", [{}, {"last_activity": None}, {"last_activity": "now"}, []])
def test_what_no_jupyter_server_tells_is_refused(status: Any) -> None:
    """It is an error, for whoever asks to say so and keep the server."""
    with pytest.raises((LookupError, TypeError, ValueError, AttributeError)):
        read(status, [], [], NOW)


@pytest.mark.parametrize(
    ("path", "user"),
    [
        ("/hub/api/users/anna/server/progress", "anna"),
        ("/lab/hub/api/users/anna/servers/two/progress", "anna"),
        ("/hub/api/users/a%40b%2Fc%20d/server/progress", "a@b/c d"),
    ],
)
def test_whose_a_server_is(path: str, user: str) -> None:
    """The hub tells it in an address, in which odd letters are escaped."""
    assert owner({"progress_url": path}) == user


# -- the warning


def test_a_page_with_somebody_in_front_of_it_is_use() -> None:
    """It goes before what the server tells, until no page has told anything for long."""
    presence = Presence()
    assert presence.used(0, 5) == 5
    presence.hear(100, focused=True)
    presence.hear(160, focused=False)
    assert presence.used(170, 5) == 70
    assert presence.used(161 + 150, 5) == 5


def test_a_page_at_which_nobody_has_ever_been_does_not_hide_what_was_known() -> None:
    """Time without use goes on where it was."""
    record, presence = watched(1, abandoned), Presence()
    presence.hear(HOUR, focused=False)
    used = presence.used(HOUR + 60, 8)
    record.take(Look(HOUR + 60, busy=0, used=used, moved=inf, cpu=10))
    assert record.unused == HOUR + 2 * MINUTE


@pytest.mark.parametrize(
    ("look", "hours", "limits", "seconds"),
    [
        (abandoned, 1, HUB_S, 59 * MINUTE),
        (never_run, 1, HUB_S, 60 * MINUTE),
        (watching, 50, HUB_S, 2 * HOUR - 8),
        (silent_cell, 5, HUB_S, inf),
        (silent_cell, 23, UP_TO_A_DAY, HOUR),
        (abandoned, 5, Patience(inf, inf), inf),
        (abandoned, 5, HUB_S, 0),
    ],
)
def test_when_a_server_stops_is_known_ahead(
    look: Callable[[float], Look], hours: float, limits: Patience, seconds: float
) -> None:
    """If nothing changes; work without a limit is never stopped."""
    server = Watched("id", watched(hours, look), patience=limits)
    server.since = 0
    assert server.stops_in(hours * HOUR, 600) == seconds
    assert server.stops_in(hours * HOUR + 60, 600) == seconds - 60


def test_who_had_no_time_to_read_the_warning_is_given_it() -> None:
    """A server that has been idle for long when it is first looked at stops after that time."""
    server = Watched("id", Record(abandoned(5 * HOUR)), patience=HUB_S)
    assert server.stops_in(5 * HOUR, 600) == 600


def test_whoever_comes_back_or_keeps_it_puts_the_end_off() -> None:
    """To the whole time from now on, or to the end of what was asked for."""
    server = Watched("id", watched(1, abandoned), patience=HUB_S)
    server.presence.hear(HOUR + 60, focused=True)
    assert server.stops_in(HOUR + 60, 600) == 2 * HOUR
    server.presence.keep(5 * HOUR)
    assert server.stops_in(2 * HOUR, 600) == server.is_kept(2 * HOUR) == 3 * HOUR
    assert server.is_kept(6 * HOUR) == 0


TEXT = (
    "Nobody seems to use this server: it stops {}. Saved files stay; what notebooks hold in memory "
    "goes."
)


@pytest.mark.parametrize(
    ("stops_in", "ahead", "told", "text", "ask_in"),
    [
        (inf, 600, None, "", 60),
        (700, 600, 700, "", 60),
        (590, 600, 590, TEXT.format("in 10 minutes"), 60),
        (80, 600, 80, TEXT.format("in 1 minute"), 60),
        (-20, 600, 0, TEXT.format("in a moment"), 60),
        (40, 30, 40, "", 7.5),
        (20, 30, 20, TEXT.format("in a moment"), 7.5),
    ],
)
def test_a_warning_comes_in_time(
    stops_in: float, ahead: float, told: float | None, text: str, ask_in: float
) -> None:
    """Not before, and then with what is left; pages ask often enough to see it."""
    notice = warn(stops_in, ahead, keep=7200)
    assert notice == Notice(told, text, "Keep it running for 2h", ask_in)


class Decided(Arbiter):
    """One that has looked already: every server is to be stopped."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(culling.Config(**settings), None, "", "")  # type: ignore[arg-type]

    async def _verdict(self, user: str, name: str) -> Verdict:
        return Verdict(True, "it is old")


@pytest.mark.parametrize(
    ("dry_run", "line"),
    [
        (False, "anna/two stops: it is old"),
        (True, "anna/two would stop, but for dry_run: it is old"),
    ],
)
async def test_a_dry_run_says_what_would_be_stopped(
    dry_run: bool, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A decision is one line of the log; in a dry run that is all."""
    caplog.set_level(logging.INFO)
    server = {"name": "two", "progress_url": "/hub/api/users/anna/servers/two/progress"}
    assert await Decided(dry_run=dry_run)(server=server, inactive=None) is not dry_run
    assert caplog.messages == [line]


def knowing(server: Watched, **settings: Any) -> Arbiter:
    """One that has looked at anna's server just now."""
    arbiter = Arbiter(culling.Config(idle=3600, **settings), None, "", "")  # type: ignore[arg-type]
    server.record.miss(monotonic())
    server.since = -inf
    arbiter._servers["anna", ""] = server
    return arbiter


def left_alone() -> Watched:
    """A server that stops in two minutes."""
    first = Look(0, busy=0, used=3480, moved=inf, cpu=1)
    return Watched("id", Record(first), patience=Patience(3600, inf))


def test_a_page_is_warned_until_somebody_keeps_the_server(caplog: pytest.LogCaptureFixture) -> None:
    """A look at it is no use; the button is, and the log says so."""
    caplog.set_level(logging.INFO)
    arbiter = knowing(left_alone(), keep=7200)
    assert "in 2 minutes" in arbiter.hear("anna", "", focused=False, keep=False).text
    assert "in 2 minutes" in arbiter.hear("anna", "", focused=None, keep=False).text
    kept = arbiter.hear("anna", "", focused=False, keep=True)
    assert kept.text == "" and kept.stops_in == pytest.approx(7200, abs=5)
    assert caplog.messages == ["anna: somebody keeps it for 2h"]


async def test_who_keeps_a_server_does_so_over_a_restart(tmp_path: Path) -> None:
    """The next service knows; not for longer than is kept now, nor after a fault in the file."""
    file = tmp_path / "kept.json"
    pressed = knowing(left_alone(), keep=7200, kept=file)
    pressed.hear("anna", "", focused=False, keep=True)
    now = monotonic()
    assert Kept(file, now, 7200).until("id") == pytest.approx(now + 7200, abs=5)
    assert Kept(file, now, 60).until("id") == now + 60
    again = knowing(left_alone(), kept=file)
    assert again._meet("id", abandoned(0)).is_kept(now) == pytest.approx(7200, abs=5)
    assert again._meet("another", abandoned(0)).is_kept(now) == 0
    file.write_text("{")
    assert Kept(file, now, 7200).until("id") == -inf


def test_where_it_cannot_be_remembered_the_button_works(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says what a restart will forget."""
    arbiter = knowing(left_alone(), keep=7200, kept=tmp_path / "none" / "kept.json")
    assert arbiter.hear("anna", "", focused=False, keep=True).stops_in > 7000
    assert "A restart of the hub forgets who keeps servers" in caplog.text


def test_those_whose_time_is_over_are_forgotten(tmp_path: Path) -> None:
    """The file does not grow for ever."""
    kept = Kept(tmp_path / "kept.json", 0, 100)
    kept.keep("one", 0, 100)
    kept.keep("two", 101, 201)
    assert Kept(tmp_path / "kept.json", 0, 100).until("one") == -inf


@pytest.mark.parametrize(
    ("since", "idle", "reason"),
    [
        (5 * MINUTE, 2 * HOUR, "it has been looked at for .*, of 10m"),
        (5 * MINUTE, 1000, "it has been looked at for .*, of 8m 20s"),
        (HOUR, 2 * HOUR, "nobody has used it for .*"),
    ],
)
def test_a_warning_has_its_time_before_any_stop(since: float, idle: float, reason: str) -> None:
    """Half of a short idle at most; so also after a restart, which has forgotten who was warned."""
    server = Watched("id", watched(5, abandoned), patience=Patience(idle, inf))
    arbiter = knowing(server)
    server.since = monotonic() - since
    assert re.fullmatch(reason, arbiter._decide(server).reason)


def test_nobody_is_warned_of_what_does_not_happen() -> None:
    """Of a dry run, another server, and one that nobody looks at any more."""
    assert knowing(left_alone(), dry_run=True).hear("anna", "", False, False).stops_in is None
    assert knowing(left_alone()).hear("anna", "two", False, True).stops_in is None
    gone = knowing(left_alone(), check_every=100)
    gone._servers["anna", ""].record.miss(monotonic() - 301)
    assert gone.hear("anna", "", False, False) == Notice(None, "", "Keep it running for 2h", 60)


# -- its address

OPENS = {"of-anna": "access:servers!server=anna/", "of-two": "access:servers!server=anna/two",
         "of-admin": "access:servers", "of-ben": "access:servers!user=ben"}  # fmt: skip


class HubUser(web.RequestHandler):
    """What a hub says of a token."""

    def get(self) -> None:
        """Name and scopes of its owner, or that it is none."""
        scope = OPENS.get(self.request.headers["Authorization"].removeprefix("token "))
        if not scope:
            raise web.HTTPError(403)
        self.finish({"name": "somebody", "scopes": [scope]})


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """Where the service answers; it knows anna's server."""
    hub = web.Application([("/hub/api/user", HubUser)]).listen(0, "127.0.0.1")
    auth = HubAuth(api_url=f"{at(hub)}/hub/api", api_token="service")
    pages = application("/services/culling/", knowing(left_alone()), auth).listen(0, "127.0.0.1")
    yield f"{at(pages)}/services/culling/user/"
    hub.stop()
    pages.stop()


def at(server: HTTPServer) -> str:
    """Where a server listens."""
    (listening,) = server._sockets.values()
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


async def post(url: str, token: str, body: str) -> HTTPResponse:
    """Send what a page tells."""
    headers = {"Authorization": f"token {token}"} if token else {}
    return await AsyncHTTPClient().fetch(
        url, method="POST", headers=headers, body=body, raise_error=False
    )


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("anna/", "of-anna", 200),
        ("anna/", "of-admin", 200),
        ("anna/", "of-two", 403),
        ("anna/", "of-ben", 403),
        ("anna/", "no-token", 403),
        ("anna/", "", 403),
        ("anna/two/", "of-two", 200),
        ("anna/two/", "of-anna", 403),
    ],
)
async def test_who_may_open_a_server_may_keep_it(
    address: str, path: str, token: str, status: int
) -> None:
    """That one and no other; a cookie opens nothing here, so that no other site forges a click."""
    assert (await post(address + path, token, '{"keep": true}')).code == status


async def test_a_page_tells_and_is_told(address: str) -> None:
    """JSON both ways; what is no such JSON is refused."""
    answer = await post(f"{address}anna/", "of-anna", '{"focused": false}')
    told = json.loads(answer.body)
    assert told["stops_in"] == pytest.approx(120, abs=5) and "in 2 minutes" in told["text"]
    assert (await post(f"{address}anna/", "of-anna", '{"focused": "often"}')).code == 400
    assert (await post(f"{address}anna/", "of-anna", "[]")).code == 400


# -- in the hub


def test_it_has_no_more_rights_than_it_needs() -> None:
    """It sees servers and groups, asks servers, and stops them; it starts and changes nothing."""
    c = Traits()
    c.JupyterHub.services = []
    c.JupyterHub.load_roles = []
    culling.add(c, culling.Config(idle=60))
    (service,) = c.JupyterHub.services
    assert json.loads(service["environment"][VARIABLE])["idle"] == 60
    (role,) = c.JupyterHub.load_roles
    assert role["scopes"] == [
        "list:users", "read:users:groups", "read:servers", "delete:servers"
    ]  # fmt: skip


def test_with_a_port_pages_are_warned() -> None:
    """The hub leads them to it, and servers get what asks; without one there is neither."""
    c = Traits()
    c.JupyterHub.services = []
    c.JupyterHub.load_roles = []
    culling.add(c)
    assert "url" not in c.JupyterHub.services[0] and "stop_warning" not in c.OpenDataSpawner
    culling.add(c, port=8003)
    assert c.JupyterHub.services[1]["url"] == "http://127.0.0.1:8003"
    assert c.OpenDataSpawner.stop_warning is True
