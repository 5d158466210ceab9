"""The ledger of events: lines that are whole, parts that make room, and sentences of it all."""

import json
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jupyter_events.logger import EventLogger
from ruamel.yaml import YAML

from opendata_hub import audit
from opendata_hub.audit import PARTS, Ledger, sentence
from opendata_hub.audit.emitting import SCHEMA
from opendata_hub.audit.pen import Pen
from opendata_hub.audit.words import _SENTENCES
from opendata_hub.cli import main
from opendata_hub.settings import load
from opendata_hub.settings.audit import note_start

DAY = 86400.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where it is written."""
    return tmp_path / "audit.jsonl"


@pytest.fixture
def ledger(file: Path) -> Ledger:
    """One with room for a lot."""
    return Ledger(file, 10**6, 90 * DAY)


def events(ledger: Ledger) -> list[str]:
    """Names of what it tells."""
    return [entry["event"] for entry in ledger.read()]


def test_one_object_a_line_for_its_owner_only(ledger: Ledger, file: Path) -> None:
    """With the time in UTC; what is empty is left out, what is long is cut, and no line broken."""
    ledger.append("login", {"by": "änna\n\x1b[31m", "server": "", "user": None}, 1_800_000_000.25)
    ledger.append("request", {"path": "x" * 10**6, "users": ["y" * 10**6] * 10**4})

    first, second = file.read_text().splitlines()
    assert json.loads(first) == {
        "time": "2027-01-15T08:00:00.250Z",
        "event": "login",
        "by": "änna\n\x1b[31m",
    }
    assert first.isprintable()
    assert len(second) < 10_000
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_never_takes_more_room(file: Path) -> None:
    """Of a hundred thousand guesses the last ones are kept, in ten files."""
    ledger = Ledger(file, 100_000, 90 * DAY)
    for number in range(3000):
        ledger.append("login-failed", {"user": f"user-{number}"})

    parts = list(file.parent.iterdir())
    assert len(parts) == PARTS
    assert sum(part.stat().st_size for part in parts) < 101_000
    users = [entry["user"] for entry in ledger.read()]
    assert users == [f"user-{number}" for number in range(3000 - len(users), 3000)]
    assert len(users) > 1000


def test_what_is_too_old_is_forgotten(file: Path) -> None:
    """Not told from that moment on, and gone from the disk with the next part."""
    now, ledger = time.time(), Ledger(file, 10**6, 10 * DAY)
    ledger.append("login", {"by": "anna"}, now - 11 * DAY)
    ledger.append("login", {"by": "ben"}, now - 9 * DAY)
    assert [entry["by"] for entry in ledger.read()] == ["ben"]
    old = file.with_name("audit.jsonl.1")
    assert old.exists()  # a day's events to a part

    os.utime(old, (now - 12 * DAY,) * 2)
    ledger.append("login", {"by": "carl"}, now)
    ledger.append("login", {"by": "dora"}, now + 2 * DAY)

    assert "anna" not in "".join(part.read_text() for part in file.parent.iterdir())


def test_several_write_at_once(file: Path) -> None:
    """The hub and its commands hold nothing in common but the file: no line is lost or torn."""

    def write(name: str) -> None:
        ledger = Ledger(file, 200_000, 90 * DAY)
        for number in range(300):
            ledger.append("login", {"by": f"{name}-{number}"})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))

    lines = "".join(part.read_text() for part in file.parent.iterdir()).splitlines()
    assert len(list(file.parent.iterdir())) > 1
    assert {json.loads(line)["by"] for line in lines} == {
        f"{name}-{number}" for name in "abcd" for number in range(300)
    }


def test_a_line_that_was_broken_off_costs_no_other(ledger: Ledger, file: Path) -> None:
    """After a power cut, or on a disk that was full."""
    ledger.append("login", {"by": "anna"})
    with file.open("a") as stream:
        stream.write('{"time": "2026')
    ledger.append("logout", {"by": "anna"})

    assert events(ledger) == ["login", "logout"]


def test_it_follows_no_link(ledger: Ledger, file: Path, tmp_path: Path) -> None:
    """Whoever could put one there would choose what is written over."""
    file.symlink_to(tmp_path / "other")

    with pytest.raises(OSError, match="symbolic links"):
        ledger.append("login", {})
    assert not (tmp_path / "other").exists()


def test_a_full_disk_is_said_once_and_stops_nothing(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each time it happens anew, and that it is over."""
    pen = Pen(Ledger(Path("/dev/full"), 10**6, DAY))
    log = EventLogger(handlers=[pen])
    log.register_event_schema(Path(audit.__file__).with_name("event.yaml"))

    for _ in range(3):
        log.emit(schema_id=SCHEMA, data={"event": "login", "by": "anna"})
    pen.ledger = Ledger(file, 10**6, DAY)
    log.emit(schema_id=SCHEMA, data={"event": "login", "by": "ben"})

    assert [record.getMessage() for record in caplog.records] == [
        "/dev/full: who does what is not written down: No space left on device",
        f"{file}: written again",
    ]
    assert [entry["by"] for entry in pen.ledger.read()] == ["ben"]


def test_following_goes_on_in_the_next_part(file: Path) -> None:
    """Whoever looks on sees each event once, wherever it is written."""
    ledger = Ledger(file, 2000, 90 * DAY)
    ledger.append("before", {})
    news = ledger.follow(0.001)
    assert next(news) is None
    seen = []
    for number in range(30):
        ledger.append(f"event-{number}", {})
        seen += [entry["event"] for entry in iter(lambda: next(news), None)]

    assert seen == [f"event-{number}" for number in range(30)]


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"event": "login", "by": "anna", "method": "native"}, "anna logged in (native)"),
        ({"event": "login-failed", "user": "x\x1b[2Jy"}, r"Login failed as x\x1b[2Jy"),
        (
            {"event": "server-opened", "by": "admin", "user": "anna", "server": "two"},
            "admin opened anna's server two",
        ),
        (
            {"event": "server-stop-asked", "by": "service:culling", "user": "anna"},
            "The service culling stopped anna's server",
        ),
        ({"event": "server-start-asked", "by": "a", "user": "a"}, "a started their server"),
        (
            {"event": "user-made", "by": "admin", "users": ["a", "b"], "admin": True},
            "admin added a, b (as an admin)",
        ),
        ({"event": "approval", "by": "admin", "user": "x"}, "admin no longer lets x in"),
        (
            {"event": "hub-started", "by": "machine:tom", "changed": ["login"]},
            "tom, on the machine itself, started the hub; other than before: login",
        ),
        (
            {"event": "command", "by": "machine:tom", "command": "homes purge",
             "arguments": ["anna"], "outcome": "done"},
            "tom, on the machine itself, ran opendata-hub homes purge anna (done)",
        ),
        ({"event": "later", "time": "2030", "what": ["x", 1]}, "what=x, 1"),
    ],
)  # fmt: skip
def test_an_event_is_told_in_words(entry: dict[str, Any], text: str) -> None:
    """Also one that a later version wrote; and nothing in it moves a terminal's cursor."""
    assert sentence(entry) == text


def test_the_schema_describes_every_fact() -> None:
    """An event that did not fit it would not be written."""
    schema = YAML(typ="safe").load(Path(audit.__file__).with_name("event.yaml"))
    log = EventLogger(handlers=[])
    log.register_event_schema(schema)

    assert all(fact["description"] for fact in schema["properties"].values())
    assert schema["additionalProperties"] is False
    assert {"login", "login-failed", "server-opened"} <= set(_SENTENCES)


def hub_yaml(folder: Path, more: str = "") -> Path:
    """A hub.yaml, in the folder of a hub."""
    (folder / ".hub").mkdir(exist_ok=True)
    file = folder / "hub.yaml"
    file.write_text(f"images: [{{slug: a, display_name: A, image: 'x:1'}}]\n{more}")
    return file


def test_a_start_names_the_keys_that_changed(ledger: Ledger, file: Path, tmp_path: Path) -> None:
    """Never a value, and a password counts as well; a comment does not."""
    registry = "registries: {r.example.org: {username: u, password: %s}}\n"
    texts = (registry % "secret1", "# a remark\n" + registry % "secret1", registry % "secret2")
    last = tmp_path / "last.json"
    for text in (*texts, "limits: {memory: 3G}\n"):
        note_start(ledger, load(hub_yaml(tmp_path, text)), last)

    changed = [entry["changed"] for entry in ledger.read()]
    assert changed == [[], [], ["registries"], ["limits", "registries"]]
    assert "secret" not in file.read_text() + last.read_text()
    assert stat.S_IMODE(last.stat().st_mode) == 0o600


def run(*arguments: str) -> str:
    """What the command prints."""
    return CliRunner().invoke(main, arguments).output


def test_the_command_tells_what_happened(tmp_path: Path) -> None:
    """All of it, that of one user, and that of the last hours; or why there is nothing."""
    config = str(hub_yaml(tmp_path))
    assert "Nothing is written down yet" in run("audit", "--config", config)
    now, ledger = time.time(), Ledger(tmp_path / ".hub" / "audit.jsonl", 10**6, 90 * DAY)
    ledger.append("login", {"by": "anna", "address": "192.0.2.1"}, now - 3 * 3600)
    ledger.append("server-opened", {"by": "admin", "user": "Ben"}, now - 60)

    told = run("audit", "--config", config).splitlines()
    assert [line[21:] for line in told] == [
        "anna logged in  192.0.2.1",
        "admin opened Ben's server",
    ]
    assert "anna" not in run("audit", "--config", config, "--since", "2h")
    assert "anna" not in run("audit", "--config", config, "--user", "ben")
    assert "opened Ben's server" in run("audit", "--config", config, "--user", "ben")
    hub_yaml(tmp_path, "audit: false")
    assert "hub.yaml says audit: false" in run("audit", "--config", config)


def test_a_command_that_changes_something_is_written_down(tmp_path: Path) -> None:
    """By whom, and how it went; also one that failed."""
    config = str(hub_yaml(tmp_path))

    assert run("images", "rollback", "b", "--config", config).startswith("No image 'b'")

    (entry,) = Ledger(tmp_path / ".hub" / "audit.jsonl", 10**6, DAY).read()
    assert entry["by"].startswith("machine:")
    assert entry["command"] == "images rollback"
    assert (entry["arguments"], entry["outcome"]) == (["b"], "failed")
