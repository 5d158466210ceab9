"""Versions of a dataset: whole ones only, each file on the disk once, damage found and mended."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from opendata_hub.datasets import Dataset, File, mounts
from opendata_hub.errors import DataError
from opendata_hub.fetching import bring, tidying
from opendata_hub.fetching.place import Place
from opendata_hub.fetching.verifying import verify
from opendata_hub.settings import datasets, load
from tests.data.asked import file, sha256
from tests.data.conftest import Hub
from tests.data.server import Server

OLD, NEW, KEPT = b"old" * 1000, b"new" * 1000, b"kept" * 1000


@pytest.fixture
def fetched(hub: Hub, server: Server) -> Hub:
    """A hub with a dataset of two files, complete."""
    server.serve("events.root", OLD)
    server.serve("kept.root", KEPT)
    _declare(hub, server, OLD)
    done = hub.data("fetch")
    assert done.exit_code == 0, done.output
    return hub


def _declare(hub: Hub, server: Server, events: bytes, **more: Any) -> None:
    files = [file(f"{server.url}/{name}", content)
             for name, content in (("events.root", events), ("kept.root", KEPT))]  # fmt: skip
    hub.declare(cms={"files": files, **more})


def test_a_new_version_takes_over_when_it_is_whole(fetched: Hub, server: Server) -> None:
    """Until then servers see the one before; what both have is neither asked for nor kept twice."""
    served = server.serve("events.root", NEW, cuts=[10, *[0] * 5])
    _declare(fetched, server, NEW)
    before = Place(fetched.path("cms")).current

    broken = fetched.data("fetch")
    meanwhile = fetched.seen("cms")
    listed = json.loads(fetched.data("list", "--json").stdout)
    served.cuts.clear()
    done = fetched.data("fetch")

    after = Place(fetched.path("cms")).current
    assert broken.exit_code == 1
    assert meanwhile == {"events.root": OLD, "kept.root": KEPT}
    assert listed[0]["state"] == "outdated"
    assert done.exit_code == 0, done.output
    assert fetched.seen("cms") == {"events.root": NEW, "kept.root": KEPT}
    assert server.gets("kept.root") == [""]
    assert before and after and before.folder != after.folder


def test_a_server_keeps_the_version_that_it_began_with(tmp_path: Path) -> None:
    """What is mounted is the version itself; one that starts now gets the new one."""
    first = _version(tmp_path, OLD)
    (before,) = mounts({"cms": first.share}, [])
    second = _version(tmp_path, NEW)
    (after,) = mounts({"cms": second.share}, [])

    seen = [Path(mount["source"], "events.root").read_bytes() for mount in (before, after)]
    assert seen == [OLD, NEW]


def test_old_versions_go_when_nobody_has_them(tmp_path: Path) -> None:
    """And stay while a container has one, running or not."""
    _version(tmp_path, OLD)
    dataset = _version(tmp_path, NEW)
    place = Place(dataset.path)
    first, second = place.root / "versions" / "1", place.root / "versions" / "2"

    kept = list(tidying.tidy(place, lambda: {str(first)}))
    there = first.is_dir()
    gone = list(tidying.tidy(place, lambda: {str(second)}))

    assert (kept, there, gone) == ([False], True, [True])
    assert not first.exists() and not first.with_name("1.json").exists()
    assert dataset.share.place == second


def test_who_has_what_is_asked_when_nothing_can_change_any_more(tmp_path: Path) -> None:
    """Else what was current a moment ago could be removed below a server that has just started."""
    place = Place(_version(tmp_path, OLD).path)
    asked = []

    def mounted() -> set[str]:
        with pytest.raises(DataError, match="Another `opendata-hub data fetch`"), place.claimed():
            pass
        asked.append(place)
        return set()

    assert list(tidying.tidy(place, mounted)) == []
    assert asked == [place]


def test_a_hub_that_starts_removes_what_no_server_has(hub: Hub, tmp_path: Path) -> None:
    """Nobody need think of it; the engine says who has what."""
    _version(tmp_path, OLD)
    dataset = _version(tmp_path, NEW)
    hub.declare(cms={"record": 7, "path": str(dataset.path)})

    datasets.tidy(load(hub.folder / "hub.yaml"))

    left = [path.name for path in (dataset.path / "versions").iterdir() if path.is_dir()]
    assert left == ["2"]


def test_nothing_is_old_while_nothing_is_current(tmp_path: Path) -> None:
    """Somebody has removed that link: what is here is kept, and the next fetch takes it."""
    _version(tmp_path, OLD)
    dataset = _version(tmp_path, NEW)
    place = Place(dataset.path)
    (place.root / "current").unlink()

    gone = list(tidying.tidy(place, set))
    _version(tmp_path, NEW)

    assert gone == []
    assert (place.root / "versions" / "1").is_dir()
    kept = place.root / "versions" / "2" / "events.root"
    assert (place.root / "current" / "events.root").samefile(kept)


@pytest.mark.parametrize("name", ["events.root", "2016/a[1]/events.root"])
def test_what_lies_on_the_same_disk_is_linked_and_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Under whatever name: it is on the disk once, and all of it before a version has it."""
    flushed = _flushed(monkeypatch)
    (tmp_path / "stage" / "files" / name).parent.mkdir(parents=True)
    (tmp_path / "stage" / "files" / name).write_bytes(OLD)
    dataset = _dataset(tmp_path, OLD, name)

    bring("cms", dataset, tmp_path / "stage")

    found = (dataset.path / "current" / name).stat()
    assert found.st_nlink == 2
    assert found.st_ino in flushed


def _flushed(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Return a set that gets the inodes of all that is flushed to the disk from now on."""
    flushed: set[int] = set()
    flush = os.fsync

    def noted(number: int) -> None:
        flushed.add(os.fstat(number).st_ino)
        flush(number)

    monkeypatch.setattr(os, "fsync", noted)
    return flushed


def _dataset(folder: Path, content: bytes, name: str = "events.root") -> Dataset:
    entry = File(url="https://a.org/events.root", sha256=sha256(content), name=name)
    return Dataset(path=folder / "cms", files=(entry,))


def _version(folder: Path, content: bytes) -> Dataset:
    """Have a version with this content, from a folder."""
    stage = folder / "stage"
    stage.mkdir()
    (stage / "events.root").write_bytes(content)
    dataset = _dataset(folder, content)
    bring("cms", dataset, stage)
    shutil.rmtree(stage)
    return dataset


def test_verify_names_what_is_damaged_and_fetch_mends_it(fetched: Hub, server: Server) -> None:
    """Missing files, too; only those come again, and the list says how it stands in between."""
    current = fetched.path("cms") / "current"
    well = fetched.data("verify")
    damaged = current / "events.root"
    damaged.write_bytes(OLD[:-1] + b"x")
    fetched.data("verify")
    (current / "kept.root").unlink()
    found = fetched.data("verify", "cms")
    listed = fetched.data("list")

    mended = fetched.data("fetch")

    assert well.stdout == "cms: 2 files, 7 kB, all as they came\n"
    assert well.exit_code == 0
    assert found.exit_code == 1
    assert "cms: events.root is damaged: its sha256 is another one\n" in found.stderr
    assert "cms: kept.root is missing\n" in found.stderr
    assert "2 of 2 files damaged or missing; bring them again: opendata-hub data fetch" in (
        found.stderr
    )
    assert "damaged: 2 of its files" in listed.stdout
    assert mended.exit_code == 0, mended.output
    assert fetched.seen("cms") == {"events.root": OLD, "kept.root": KEPT}
    assert fetched.data("verify").exit_code == 0


def test_a_file_that_is_gone_is_damage_and_no_older_version(fetched: Hub) -> None:
    """The list sees it without reading anything."""
    (fetched.path("cms") / "current" / "kept.root").unlink()

    table, (plain,) = fetched.data("list").stdout, json.loads(fetched.data("list", "--json").stdout)

    assert "damaged: 1 of its files" in table
    assert (plain["state"], plain["faults"]) == ("damaged", ["kept.root"])


def test_faults_of_a_version_that_somebody_removed_are_forgotten(fetched: Hub) -> None:
    """The next one has the same number, and is whole."""
    (fetched.path("cms") / "current" / "events.root").write_bytes(NEW)
    fetched.data("verify")
    shutil.rmtree(fetched.path("cms") / "versions" / "1")

    done = fetched.data("fetch")
    (plain,) = json.loads(fetched.data("list", "--json").stdout)

    assert done.exit_code == 0, done.output
    assert (plain["state"], plain["faults"]) == ("complete", [])


def test_everybody_learns_what_verify_has_found(fetched: Hub) -> None:
    """Whatever the umask of who ran it."""
    (fetched.path("cms") / "current" / "events.root").write_bytes(NEW)

    before = os.umask(0o077)
    try:
        fetched.data("verify")
    finally:
        os.umask(before)

    noted = fetched.path("cms") / "versions" / "1.faults.json"
    assert noted.stat().st_mode & 0o777 == 0o644


def test_who_cannot_note_damage_is_told_to_use_sudo() -> None:
    """Else `data fetch` would take the damaged file for a good one; good ones need no note."""
    with tempfile.TemporaryDirectory() as folder:  # that anybody can enter, as one of tests is not
        Path(folder).chmod(0o755)
        version = Place(_version(Path(folder), OLD).path).current
        assert version
        with _nobody():
            well = list(verify(version, lambda _: None))
        (version.folder / "events.root").write_bytes(NEW)
        with _nobody(), pytest.raises(DataError) as refused:
            list(verify(version, lambda _: None))

    assert well == []
    assert str(refused.value) == (
        "What was found cannot be noted for `data fetch`. This user may not write to "
        f"{version.folder.parent}; run the command with sudo."
    )


def test_who_may_not_look_into_a_folder_is_told_to_use_sudo() -> None:
    """Whatever is asked of it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(_version(Path(folder), OLD).path)
        asked = (lambda: place.current, lambda: place.old, place.nearby)
        with _nobody():
            for ask in asked:
                with pytest.raises(DataError, match=f"not look into {place.root}; run .* sudo"):
                    ask()


@contextmanager
def _nobody() -> Iterator[None]:
    """Have no more rights than anybody has."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_verify_takes_no_network_and_says_what_is_not_here(hub: Hub) -> None:
    """What is a folder and nothing else has no list to compare it with."""
    (hub.folder / "plain").mkdir()
    hub.declare(cms={"record": 7}, plain={"path": "plain"})

    both, plain = hub.data("verify"), hub.data("verify", "plain")

    assert both.exit_code == 1
    assert both.stderr == "cms: not here yet; get it: opendata-hub data fetch cms\n"
    assert (plain.exit_code, plain.stdout) == (
        0, "plain: a folder of this machine, with no list to compare it with\n",
    )  # fmt: skip


def test_the_list_says_how_far_everything_is(hub: Hub, server: Server) -> None:
    """For people as a table, for scripts as JSON."""
    server.serve("events.root", OLD, cuts=[1200, *[0] * 5])
    (hub.folder / "plain").mkdir()
    entry = file(f"{server.url}/events.root", OLD, size=len(OLD))
    hub.declare(
        cms={"files": [entry], "groups": ["exam"]}, lhcb={"record": 7}, plain={"path": "plain"}
    )
    hub.data("fetch", "cms")

    table, plain = hub.data("list").stdout, json.loads(hub.data("list", "--json").stdout)

    assert [(item["name"], item["state"]) for item in plain] == [
        ("cms", "partly"), ("lhcb", "absent"), ("plain", "folder"),
    ]  # fmt: skip
    assert plain[0] == {
        "name": "cms", "state": "partly", "share": 0.4, "here": 1200, "size": 3000, "files": 1,
        "groups": ["exam"], "faults": [], "path": str(hub.path("cms")),
    }  # fmt: skip
    assert plain[1]["size"] is None
    assert "partly: 40%" in table


@pytest.mark.parametrize("within", ["", "some/where"])
def test_a_disk_that_somebody_brings_needs_no_network(
    hub: Hub, server: Server, tmp_path: Path, within: str
) -> None:
    """The files are found wherever they lie on it, and their sums are looked at."""
    usb = tmp_path / "usb" / within
    usb.mkdir(parents=True)
    (usb / "events.root").write_bytes(OLD)
    (usb / "kept.root").write_bytes(KEPT)
    _declare(hub, server, OLD)

    done = hub.data("fetch", "--from", str(tmp_path / "usb"))

    assert done.exit_code == 0, done.output
    assert hub.seen("cms") == {"events.root": OLD, "kept.root": KEPT}
    assert server.asked == []
    assert (usb / "events.root").stat().st_nlink == 1


def test_what_is_not_on_the_disk_comes_later(hub: Hub, server: Server, tmp_path: Path) -> None:
    """Each lost or damaged file is named; with a network only those come."""
    server.serve("events.root", OLD)
    (tmp_path / "usb").mkdir()
    (tmp_path / "usb" / "events.root").write_bytes(NEW)
    (tmp_path / "usb" / "kept.root").write_bytes(KEPT)
    _declare(hub, server, OLD)

    lost = hub.data("fetch", "--from", str(tmp_path / "usb"))
    done = hub.data("fetch")

    assert lost.exit_code == 1
    assert f"cms: events.root is damaged in {tmp_path / 'usb'}." in lost.stderr
    assert done.exit_code == 0, done.output
    assert [path for _, path, _ in server.asked] == ["/events.root"] * 2  # its size, and itself
    assert hub.seen("cms") == {"events.root": OLD, "kept.root": KEPT}


def test_files_that_lie_in_the_folder_already_are_taken(
    hub: Hub, server: Server, tmp_path: Path
) -> None:
    """Somebody has downloaded them by hand before: they are read, not asked for, not doubled."""
    folder = tmp_path / "hand"
    folder.mkdir()
    (folder / "events.root").write_bytes(OLD)
    (folder / "kept.root").write_bytes(KEPT)
    _declare(hub, server, OLD, path=str(folder))

    done = hub.data("fetch")

    assert done.exit_code == 0, done.output
    assert server.gets("events.root") == server.gets("kept.root") == []
    assert (folder / "events.root").stat().st_nlink == 2


@pytest.mark.parametrize("name", ["plain", "cmss"])
def test_what_cannot_be_fetched_is_said(hub: Hub, name: str) -> None:
    """A folder has no source; a mistyped name has a neighbour."""
    (hub.folder / "plain").mkdir()
    hub.declare(cms={"record": 7}, plain={"path": "plain"})

    done = hub.data("fetch", name)

    assert done.exit_code == 1
    assert (
        done.stderr
        == {
            "plain": f"plain is the folder {hub.folder / 'plain'}: hub.yaml does not say where its "
            "files come from. Write files, a record or atlas there.\n",
            "cmss": "No dataset 'cmss' in hub.yaml (cms, plain). Did you mean 'cms'?\n",
        }[name]
    )
