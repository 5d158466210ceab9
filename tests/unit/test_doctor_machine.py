"""What ``opendata-hub doctor`` says of disks, memory, clock and proxy."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from opendata_hub.machine.health import Finding, Level, clock, kernel, proxy, space
from opendata_hub.machine.health.clock import Clock
from opendata_hub.machine.health.kernel import Room
from opendata_hub.machine.health.proxy import Versions

GB, G = 10**9, 2**30
TODAY = 1_800_000_000.0  # 2027-01-15 08:00 UTC


@pytest.mark.parametrize(
    ("free", "level", "text"),
    [
        (10 * GB, Level.OK, "10 GB free in /srv, for homes."),
        (10 * GB - 1, Level.WARNING, "only 10 GB free in /srv, for homes."),
        (2 * GB, Level.WARNING, "only 2 GB free in /srv, for homes."),
        (2 * GB - 1, Level.FAULT, "only 2 GB free in /srv, for homes."),
        (0, Level.FAULT, "only 0 B free in /srv, for homes."),
    ],
)
def test_a_disk_below_10_gb_is_worth_a_word_and_below_2_gb_a_fault(
    free: int, level: Level, text: str
) -> None:
    """The fix names the folder."""
    finding = space.judge_disk("homes", Path("/srv"), free)

    assert (finding.level, finding.text) == (level, text)
    assert finding.fix.endswith("df -h /srv") or level is Level.OK


def test_places_on_one_disk_share_a_line(tmp_path: Path) -> None:
    """What is not there is left out."""
    places = dict.fromkeys(("images", "homes", "files"), tmp_path)
    (finding,) = space.check_disks({**places, "lost": tmp_path / "lost"})

    assert finding.text.endswith(f" free in {tmp_path}, for images, homes and files.")


def test_one_place_is_one_word(tmp_path: Path) -> None:
    """A list of one has no 'and'."""
    assert space.check_disks({"files": tmp_path})[0].text.endswith(", for files.")


@pytest.mark.parametrize(
    ("total", "text"),
    [
        (
            9 * G,
            "9G: 16 servers start, each promised 512M; "
            "room for 4 that use the full 2G of limits.memory.",
        ),
        (
            3 * G // 2,
            "1.5G: 1 server starts, each promised 512M; "
            "room for 0 that use the full 2G of limits.memory.",
        ),
    ],
)
def test_memory_is_told_in_students(total: int, text: str) -> None:
    """One gigabyte is kept for the hub and the system."""
    assert space.judge_memory(total, 2 * G, G // 2, G) == Finding("Memory", Level.OK, text)


@pytest.mark.parametrize("total", [3 * G // 2 - 1, G // 2])
def test_a_machine_too_small_for_one_student_is_worth_a_word(total: int) -> None:
    """Nobody would ever get in."""
    finding = space.judge_memory(total, 2 * G, G // 2, G)

    assert finding.level is Level.WARNING
    assert "no server starts" in finding.text
    assert "limits.guarantee" in finding.fix


def test_this_machine_has_memory() -> None:
    """Also where no engine tells."""
    assert space.memory() > 2**26


@pytest.mark.parametrize(
    ("free", "levels"),
    [(0.5, []), (0.1, []), (0.09, [Level.WARNING]), (0.019, [Level.FAULT])],
)
def test_a_disk_may_run_out_of_files_before_it_is_full(free: float, levels: list[Level]) -> None:
    """Packages of notebooks are many small ones."""
    found = list(space.judge_files("homes", Path("/srv"), free))

    assert [finding.level for finding in found] == levels
    assert all("/srv" in finding.fix for finding in found)


def test_a_disk_that_can_only_be_read_is_a_fault() -> None:
    """The kernel does that to one with errors, and says so in its log."""
    finding = space.judge_closed("homes", Path("/srv"))

    assert finding.level is Level.FAULT
    assert "/srv, for homes, can only be read" in finding.text


def test_a_class_larger_than_the_machine_is_named() -> None:
    """By the memory that each server is promised."""
    start = space.starting(9 * G, 2 * G, G // 2, G)
    (finding,) = space.judge_classes({"physics": start + 1, "chemistry": start}, start)

    assert finding.level is Level.WARNING
    assert "class physics is larger than this machine: 17 are in it" in finding.text


def test_the_kernel_is_wide_enough_for_a_class() -> None:
    """What a distribution sets by itself is enough for sixty students."""
    debian = Room(instances=128, watches=192_536, processes=131_072, threads=63_704, files=524_288)
    (fine,) = kernel.judge(debian, 60)
    (narrow,) = kernel.judge(debian, 100)

    assert fine == Finding("Kernel", Level.OK, "its limits are wide enough for 60 servers.")
    assert narrow.text.startswith("fs.inotify.max_user_instances is 128, for all servers together")
    assert narrow.fix.startswith("echo fs.inotify.max_user_instances=200 | sudo tee -a /etc/sysctl")


def test_each_limit_of_the_kernel_has_a_fix() -> None:
    """With the number that is enough."""
    found = list(kernel.judge(Room(1, 1, 1, 1, 1), 10))

    assert all(finding.level is Level.WARNING and finding.fix for finding in found)
    named = [finding.text.split()[0] for finding in found[:-1]]
    assert named[-2:] == ["kernel.pid_max", "kernel.threads-max"] and len(found) == 5
    assert "LimitNOFILE=1424" in found[-1].fix


def test_this_machines_kernel_tells_its_limits() -> None:
    """A proxy that is gone counts as none."""
    assert all(number > 0 for number in vars(kernel.look(2**22 + 1)).values())


def test_a_synchronised_clock_is_fine() -> None:
    """The time is shown, for people to compare."""
    finding = clock.judge(Clock(TODAY, TODAY - 9, synchronised=True))

    assert finding == Finding(
        "Clock", Level.OK, "it shows 2027-01-15 08:00 UTC; it is synchronised."
    )


def test_a_kernel_that_does_not_tell_is_no_fault() -> None:
    """In some containers the kernel may not be asked."""
    finding = clock.judge(Clock(TODAY, TODAY - 9))

    assert finding.level is Level.OK
    assert "not known" in finding.text


@pytest.mark.parametrize(
    ("service", "fix"),
    [
        (True, "sudo timedatectl set-ntp true"),
        (False, "sudo apt-get install systemd-timesyncd"),
        (None, "sudo apt-get install chrony"),
    ],
)
def test_a_clock_on_its_own_is_worth_a_word(service: bool | None, fix: str) -> None:
    """The command depends on which time service can be had."""
    finding = clock.judge(Clock(TODAY, TODAY - 9, False, service))

    assert (finding.level, finding.fix) == (Level.WARNING, fix)


def test_a_clock_before_this_package_is_a_fault() -> None:
    """A machine without a battery wakes up in the past; a day is left for time zones."""
    day = 86400

    assert clock.judge(Clock(TODAY, TODAY + day - 1, True)).level is Level.OK
    assert clock.judge(Clock(TODAY, TODAY + day + 1, True)).level is Level.FAULT


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (61.0, "1 minute ahead of acme.org"),
        (-600.0, "10 minutes behind acme.org"),
        (86400.0, "24 hours ahead of acme.org"),
    ],
)
def test_a_clock_off_by_more_than_a_minute_is_a_fault(ahead: float, words: str) -> None:
    """Also one that says of itself that it is synchronised."""
    finding = clock.judge(Clock(TODAY, TODAY - 9, True, True, ahead, "acme.org"))

    assert finding.level is Level.FAULT
    assert words in finding.text
    assert finding.fix == "sudo systemctl restart systemd-timesyncd chrony"


def test_a_clock_that_another_agrees_with_is_fine() -> None:
    """A minute is what logins and cookies take."""
    finding = clock.judge(Clock(TODAY, TODAY - 9, True, True, -60.0, "acme.org"))

    assert finding.level is Level.OK
    assert finding.text.endswith("it is synchronised, and acme.org agrees.")


def test_the_clock_is_compared_with_the_date_of_an_answer() -> None:
    """Of whoever the hub asks anyway; nobody there is no fault of the clock."""

    class Yesterday(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            """Answer a day late."""
            self.send_response_only(200)
            self.send_header("Date", self.date_time_string(int(time.time()) - 86400))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Yesterday) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        told = clock.look(f"http://127.0.0.1:{server.server_port}/dir")
        thread.join()
    silent = clock.look(f"http://127.0.0.1:{server.server_port}/dir")

    assert (told.other, silent.ahead) == ("127.0.0.1", None)
    assert told.ahead is not None and abs(told.ahead - 86400) < 60


def test_this_machines_clock_can_be_looked_at() -> None:
    """It is later than this package, whatever the kernel knows."""
    assert clock.check().level is not Level.FAULT


@pytest.mark.parametrize(
    ("versions", "level", "text"),
    [
        (Versions(False), Level.FAULT, "configurable-http-proxy is not installed."),
        (
            Versions(True),
            Level.FAULT,
            "configurable-http-proxy is here, but not the Node.js that it needs.",
        ),
        (
            Versions(True, "", "12.22.12"),
            Level.FAULT,
            "configurable-http-proxy does not run with Node.js 12.22.12.",
        ),
        (
            Versions(True, "4.6.3", "18.20.4"),
            Level.WARNING,
            "configurable-http-proxy 4.6.3 runs, with Node.js 18.20.4; older than 5, it runs out "
            "of sockets.",
        ),
        (
            Versions(True, "5.3.0", "20.20.2"),
            Level.OK,
            "configurable-http-proxy 5.3.0 runs, with Node.js 20.20.2.",
        ),
    ],
)
def test_the_proxy_needs_a_node_that_runs_it(versions: Versions, level: Level, text: str) -> None:
    """Each way of not running has a sentence and a command of its own."""
    finding = proxy.judge(versions)

    assert (finding.level, finding.text) == (level, text)
    assert bool(finding.fix) is (level is not Level.OK)


def test_a_machine_without_a_proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither on PATH nor beside this Python."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.prefix", str(tmp_path))

    assert proxy.check().fix == "./start --prepare"
