"""``opendata-hub data fetch``: files come from servers, whatever becomes of the line."""

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opendata_hub.datasets import Dataset
from opendata_hub.errors import DataError
from opendata_hub.fetching import Brought, Download, Near, Order, gather, planning, session
from opendata_hub.fetching.place import Place
from tests.data.asked import adler32, file, sha256
from tests.data.conftest import Hub
from tests.data.server import Server

EVENTS = bytes(range(256)) * 4096  # a megabyte
MORE = b"more" * 1000


def test_files_come_whole_and_servers_see_them(hub: Hub, server: Server) -> None:
    """By either sum, with or without a size, into folders; the second time nothing is asked for."""
    server.serve("events.root", EVENTS)
    server.serve("2016/more.root", MORE)
    hub.declare(
        cms={
            "files": [
                file(f"{server.url}/events.root", EVENTS, size=len(EVENTS)),
                {
                    "url": f"{server.url}/2016/more.root",
                    "adler32": f"adler32:{adler32(MORE)}",
                    "name": "2016/more.root",
                },
            ]
        }
    )

    first = hub.data("fetch")
    asked = len(server.asked)
    second = hub.data("fetch", "cms")

    assert first.exit_code == second.exit_code == 0, first.output
    assert hub.seen("cms") == {"events.root": EVENTS, "2016/more.root": MORE}
    assert "cms: here, 2 files, 1.05 MB; servers see it from their next start" in first.stdout
    assert second.stdout == "cms: complete, 2 files, 1.05 MB\n"
    assert len(server.asked) == asked
    assert not (hub.path("cms") / "coming").exists()


def test_everybody_can_read_what_came(hub: Hub, server: Server) -> None:
    """Whatever the umask of who fetches: servers are nobody on this machine."""
    server.serve("events.root", EVENTS)
    hub.declare(cms={"files": [file(f"{server.url}/events.root", EVENTS, name="a/b.root")]})

    before = os.umask(0o077)
    try:
        assert hub.data("fetch").exit_code == 0
    finally:
        os.umask(before)

    current = hub.path("cms") / "current"
    modes = [path.stat().st_mode & 0o777 for path in (current, current / "a", current / "a/b.root")]
    assert modes == [0o755, 0o755, 0o644]
    assert hub.path("cms").stat().st_mode & 0o777 == 0o755


def test_a_line_that_is_cut_is_taken_up(hub: Hub, server: Server) -> None:
    """Where it broke off, again and again; what has come is not asked for once more."""
    server.serve("events.root", EVENTS, cuts=[1000, 5, 200_000])
    hub.declare(cms={"files": [file(f"{server.url}/events.root", EVENTS)]})

    done = hub.data("fetch")

    assert done.exit_code == 0, done.output
    assert hub.seen("cms") == {"events.root": EVENTS}
    assert server.gets("events.root") == ["", "bytes=1000-", "bytes=1005-", "bytes=201005-"]


def test_what_was_broken_off_goes_on_with_the_next_command(hub: Hub, server: Server) -> None:
    """Files that are whole are not asked for again, nor the beginning of the one that is not."""
    server.serve("more.root", MORE)
    served = server.serve("events.root", EVENTS, cuts=[1000, *[0] * 5])
    files = [file(f"{server.url}/{name}", content) for name, content in
             (("more.root", MORE), ("events.root", EVENTS))]  # fmt: skip
    hub.declare(cms={"files": files})

    first = hub.data("fetch")
    before = hub.seen("cms")
    served.cuts.clear()
    second = hub.data("fetch")

    assert first.exit_code == 1
    assert f"cms: {server.url}/events.root cannot be had: the line broke off." in first.stderr
    assert "the same command goes on where it was" in first.stderr
    assert before == {}
    assert second.exit_code == 0, second.output
    assert hub.seen("cms") == {"events.root": EVENTS, "more.root": MORE}
    assert server.gets("more.root") == [""]
    assert server.gets("events.root")[-1] == "bytes=1000-"


def test_a_killed_fetch_goes_on(hub: Hub, server: Server) -> None:
    """It had no time to put anything in order; what had come by then counts."""
    served = server.serve("events.root", EVENTS, cuts=[300_000, 0, 0, 0, 0, 0])
    hub.declare(cms={"files": [file(f"{server.url}/events.root", EVENTS)]})
    hub.data("fetch")
    (part,) = (path for path in hub.path("cms").rglob("parts/*") if path.suffix != ".from")
    with part.open("r+b") as stream:
        stream.truncate(123_456)

    served.cuts.clear()
    assert hub.data("fetch").exit_code == 0
    assert server.gets("events.root")[-1] == "bytes=123456-"
    assert hub.seen("cms") == {"events.root": EVENTS}


def test_a_file_that_changes_midway_is_begun_anew(hub: Hub, server: Server) -> None:
    """The server says so by its tag; halves of two files never become one."""
    new = EVENTS[::-1]
    served = server.serve("events.root", EVENTS, cuts=[1000, *[0] * 5])
    hub.declare(cms={"files": [file(f"{server.url}/events.root", new)]})
    hub.data("fetch")

    served.content, served.tag, served.cuts = new, '"2"', []
    assert hub.data("fetch").exit_code == 0
    assert hub.seen("cms") == {"events.root": new}
    assert len(server.gets("events.root")) == 7  # the last one asked for a part, and got all


def test_a_change_that_no_tag_tells_is_found_by_the_sum(hub: Hub, server: Server) -> None:
    """What lay here is thrown away, once, and the file comes as a whole."""
    new = EVENTS[::-1]
    served = server.serve("events.root", EVENTS, tag="", cuts=[1000, *[0] * 5])
    hub.declare(cms={"files": [file(f"{server.url}/events.root", new)]})
    hub.data("fetch")

    served.content, served.cuts = new, []
    assert hub.data("fetch").exit_code == 0
    assert hub.seen("cms") == {"events.root": new}
    assert server.gets("events.root")[-2:] == ["bytes=1000-", ""]


def test_a_server_without_ranges_serves_too(hub: Hub, server: Server) -> None:
    """Each try begins at the beginning; an answer that does not say how long it is will do."""
    server.serve("events.root", EVENTS, ranges=False, cuts=[1000])
    server.serve("more.root", MORE, says_length=False)
    files = [file(f"{server.url}/{name}", content) for name, content in
             (("more.root", MORE), ("events.root", EVENTS))]  # fmt: skip
    hub.declare(cms={"files": files})

    done = hub.data("fetch")

    assert done.exit_code == 0, done.output
    assert hub.seen("cms") == {"events.root": EVENTS, "more.root": MORE}


def test_a_length_that_is_none_counts_as_none(hub: Hub, server: Server) -> None:
    """However long a number a server makes up; the sum tells that the file is whole."""
    server.serve("events.root", EVENTS, says_length=False, length="9" * 5000)
    hub.declare(cms={"files": [file(f"{server.url}/events.root", EVENTS)]})

    done = hub.data("fetch")

    assert done.exit_code == 0, done.output
    assert hub.seen("cms") == {"events.root": EVENTS}


def test_a_busy_server_is_asked_again(hub: Hub, server: Server) -> None:
    """Up to five times."""
    server.serve("events.root", EVENTS, busy=3)
    hub.declare(cms={"files": [file(f"{server.url}/events.root", EVENTS)]})

    assert hub.data("fetch").exit_code == 0
    assert hub.seen("cms") == {"events.root": EVENTS}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"sha256": sha256(b"other")}, "has the sha256 {sum}, and not {other}: the file there is"),
        ({"size": 7}, "has 1,048,576 bytes, and not 7: it is another file now."),
    ],
)
def test_a_wrong_file_is_refused(hub: Hub, server: Server, more: dict[str, str], why: str) -> None:
    """With both sums, or sizes; servers see nothing of it, and the other dataset comes."""
    server.serve("events.root", EVENTS)
    server.serve("more.root", MORE)
    entry = {**file(f"{server.url}/events.root", EVENTS), **more}
    hub.declare(cms={"files": [entry]}, lhcb={"files": [file(f"{server.url}/more.root", MORE)]})

    done = hub.data("fetch")

    said = why.format(sum=sha256(EVENTS), other=sha256(b"other"))
    assert done.exit_code == 1
    assert f"cms: {server.url}/events.root {said}" in done.stderr
    assert hub.seen("cms") == {}
    assert hub.seen("lhcb") == {"more.root": MORE}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"status": 404}, "cannot be had: it is not there."),
        ({"status": 403}, "cannot be had: the server lets nobody have it."),
        ({"leads_to": "file:///etc/passwd"}, "leads on to file://…, which is not followed"),
        ({"leads_to": "ftp://127.0.0.1/x"}, "leads on to ftp://…, which is not followed"),
        ({"leads_to": "http://[x"}, "leads on to what is no address, which is not followed"),
        ({"busy": 9}, "cannot be had: the server answers 503."),
    ],
)
def test_a_file_that_cannot_be_had_is_named(
    hub: Hub, server: Server, more: dict[str, str], why: str
) -> None:
    """With the reason; and no redirect leads out of the web."""
    server.serve("events.root", EVENTS, **more)
    hub.declare(cms={"files": [file(f"{server.url}/events.root", EVENTS, size=len(EVENTS))]})

    done = hub.data("fetch")

    assert done.exit_code == 1
    assert f"cms: {server.url}/events.root {why}" in done.stderr
    assert hub.seen("cms") == {}


def test_a_redirect_in_the_web_is_followed(hub: Hub, server: Server) -> None:
    """As mirrors of large archives have it; the rest of a file, too."""
    server.serve("there.root", EVENTS, cuts=[5])
    server.serve("events.root", leads_to="/there.root")
    hub.declare(cms={"files": [file(f"{server.url}/events.root", EVENTS)]})

    assert hub.data("fetch").exit_code == 0
    assert hub.seen("cms") == {"events.root": EVENTS}
    assert server.gets("there.root") == ["", "bytes=5-"]


def test_a_thousand_small_files_come(hub: Hub, server: Server) -> None:
    """Each once."""
    contents = {f"{number}.txt": f"event {number}".encode() for number in range(1000)}
    for name, content in contents.items():
        server.serve(name, content)
    hub.declare(cms={"files": [file(f"{server.url}/{n}", c, size=len(c))
                               for n, c in contents.items()]})  # fmt: skip

    done = hub.data("fetch")

    assert done.exit_code == 0, done.output
    assert hub.seen("cms") == contents
    assert len(server.asked) == 1000


def test_one_who_fetches_keeps_others_out(hub: Hub, server: Server) -> None:
    """Two would write into each other's files."""
    server.serve("events.root", EVENTS)
    hub.declare(cms={"files": [file(f"{server.url}/events.root", EVENTS)]})

    with Place(hub.path("cms")).claimed():
        done = hub.data("fetch")

    assert done.exit_code == 1
    assert "Another `opendata-hub data fetch` is at work" in done.stderr


def test_an_error_of_who_has_the_folder_stays_what_it_is(tmp_path: Path) -> None:
    """Nobody is told that another one is at work."""
    with pytest.raises(BlockingIOError), Place(tmp_path).claimed():
        raise BlockingIOError
    with Place(tmp_path).claimed():
        assert (tmp_path / ".lock").exists()


def test_what_a_failing_disk_does_not_give_comes_from_the_server(
    tmp_path: Path, server: Server
) -> None:
    """Such as a file of the version before: it is what `data verify` told people to fetch again."""
    server.serve("mem", EVENTS)
    order, stop = _order(tmp_path, file(f"{server.url}/mem", EVENTS)), threading.Event()
    ticks: list[int] = []

    with session(1) as opened:
        near = Near([Path("/proc/self")])  # in which `mem` can be opened, but not read
        gather(order, near, Download(opened, stop), ticks.append, stop)

    assert (tmp_path / "current" / "mem").read_bytes() == EVENTS
    assert sum(ticks) == len(EVENTS)


def test_a_failing_stick_is_named(tmp_path: Path) -> None:
    """And not the disk that the files go to; those that can be read are kept."""
    brought = Brought(tmp_path / "stick")
    (tmp_path / "more.root").write_bytes(MORE)
    unreadable = Path("/sys/class/net/lo/speed")  # can be opened, but not read: lo has none
    brought.files.update({"events.root": [unreadable], "more.root": [tmp_path / "more.root"]})
    entries = [file(f"https://a.org/{name}.root", content)
               for name, content in (("events", EVENTS), ("more", MORE))]  # fmt: skip
    order = _order(tmp_path / "cms", *entries)

    with pytest.raises(DataError) as refused:
        gather(order, Near([], brought), None, lambda _: None, threading.Event())

    assert str(refused.value) == f"{unreadable} cannot be read: Invalid argument."
    assert order.gathered == len(MORE)


def _order(folder: Path, *entries: dict[str, Any]) -> Order:
    dataset = Dataset.model_validate({"path": folder, "files": entries})
    return planning.plan("cms", dataset, None, None, anew=False)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "small", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_what_does_not_fit_is_not_begun(hub: Hub, server: Server, small_disk: Path) -> None:
    """All datasets together are counted, with sizes that servers tell where nobody wrote them."""
    server.serve("events.root", EVENTS)
    entry = {"files": [file(f"{server.url}/events.root", EVENTS)]}
    hub.declare(**{name: {**entry, "path": str(small_disk / name)} for name in ("a", "b", "c")})

    done = hub.data("fetch")

    assert done.exit_code == 1
    assert done.stderr == (
        f"The disk of {small_disk} has 2.1 MB free, and this needs 3.15 MB; make room there, or "
        "write a `path` on another disk.\n"
    )
    assert server.gets("events.root") == []


def test_a_disk_that_fills_up_is_said_and_room_mends_it(
    hub: Hub, server: Server, small_disk: Path
) -> None:
    """Somebody else has taken the room meanwhile; the same command goes on."""
    served = server.serve("events.root", EVENTS, cuts=[1000, *[0] * 5])
    hub.declare(
        cms={"files": [file(f"{server.url}/events.root", EVENTS)], "path": str(small_disk / "cms")}
    )
    hub.data("fetch")
    served.cuts.clear()
    served.says_length = False  # so that nobody knows before that it does not fit
    (small_disk / "other").write_bytes(b"x" * 1_500_000)

    full = hub.data("fetch")
    (small_disk / "other").unlink()
    done = hub.data("fetch")

    assert full.exit_code == 1
    assert f"cms: The disk of {small_disk / 'cms'} is full. Make room" in full.stderr
    assert done.exit_code == 0, done.output
    assert (small_disk / "cms" / "current" / "events.root").read_bytes() == EVENTS
