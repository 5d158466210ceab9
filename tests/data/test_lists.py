"""Lists of files: from the CERN Open Data portal, from ATLAS, and from whoever means ill."""

import json
from pathlib import Path
from typing import Any

import pytest

from opendata_hub.errors import DataError
from opendata_hub.fetching import records
from tests.data.asked import adler32
from tests.data.conftest import Hub
from tests.data.server import Server

EVENTS, MORE = b"events" * 1000, b"more" * 1000
EOS = "root://eospublic.cern.ch//eos/opendata/cms"
HERE = "eos/opendata/cms"


def entry(path: str, content: bytes, **more: Any) -> dict[str, Any]:
    """A file as the portal describes it."""
    return {
        "bucket": "4997a85c-01fd-46c5-95f2-ddcabd400384",
        "checksum": f"adler32:{adler32(content)}",
        "key": path.rpartition("/")[2],
        "size": len(content),
        "tags": {},
        "uri": f"{EOS}/{path}",
        "version_id": "0e9a7a3b-7bd9-4ec7-b0e6-5b5be5b5f5a7",
        **more,
    }


def record(files: list[Any], indices: list[Any], states: list[Any]) -> dict[str, Any]:
    """A record as the portal's API answers; of its metadata only what has to do with files."""
    metadata = {
        "$schema": "http://opendata.cern.ch/schema/records/record-v1.0.0.json",
        "recid": 12353,
        "title": "DYJetsToLL dataset in reduced NanoAOD format for education and outreach",
        "distribution": {"formats": ["nanoaod", "root"], "number_files": 1, "size": 6000},
        "files": files,
        "_file_indices": indices,
        "_files": states,
    }
    links = {"self": "https://opendata.cern.ch/api/records/12353"}
    return {"created": "2025-06-06T08:39:27.8+00:00", "id": 12353, "links": links,
            "metadata": metadata, "revision": 0}  # fmt: skip


@pytest.fixture
def portal(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The portal: one record with a file and an index of two more, one of them in a folder."""
    monkeypatch.setattr(records, "PORTAL", server.url)
    indexed = [entry("Run/0000/more.root", MORE, availability="online")]
    index = {"key": "CMS_index.json", "size": 1, "checksum": "adler32:00000001", "files": indexed}
    state = {"availability": "online", "key": "events.root", "size": len(EVENTS)}
    raw = record([entry("events.root", EVENTS)], [index], [state])
    server.serve("api/records/12353", json.dumps(raw).encode())
    server.serve(f"{HERE}/events.root", EVENTS)
    server.serve(f"{HERE}/Run/0000/more.root", MORE)
    return server


def test_a_record_is_looked_up_once(hub: Hub, portal: Server) -> None:
    """Files and those of its indices, by HTTP, with their sums; then nobody asks the portal."""
    hub.declare(cms={"record": 12353})

    first = hub.data("fetch")
    lookups = portal.gets("api/records/12353")
    portal.files.clear()
    again, verified = hub.data("fetch"), hub.data("verify")

    assert first.exit_code == 0, first.output
    assert lookups == [""]
    assert hub.seen("cms") == {"events.root": EVENTS, "more.root": MORE}
    assert again.stdout == "cms: complete, 2 files, 10 kB\n"
    assert verified.exit_code == 0, verified.output


def test_a_record_is_looked_up_again_when_somebody_says_so(hub: Hub, portal: Server) -> None:
    """It has another file now; what has stayed is not downloaded again."""
    hub.declare(cms={"record": 12353})
    assert hub.data("fetch").exit_code == 0
    raw = record([entry("events.root", EVENTS), entry("new.root", b"new")], [], [])
    portal.serve("api/records/12353", json.dumps(raw).encode())
    portal.serve(f"{HERE}/new.root", b"new")

    done = hub.data("fetch", "--update")

    assert done.exit_code == 0, done.output
    assert hub.seen("cms") == {"events.root": EVENTS, "new.root": b"new"}
    assert portal.gets(f"{HERE}/events.root") == [""]


def test_a_dataset_travels_with_its_list(hub: Hub, portal: Server, tmp_path: Path) -> None:
    """The folder of another machine, on a disk: neither the portal nor its servers are asked."""
    hub.declare(cms={"record": 12353})
    assert hub.data("fetch").exit_code == 0
    hub.path("cms").rename(tmp_path / "usb")
    asked = len(portal.asked)

    done = hub.data("fetch", "--from", str(tmp_path / "usb"))

    assert done.exit_code == 0, done.output
    assert hub.seen("cms") == {"events.root": EVENTS, "more.root": MORE}
    assert len(portal.asked) == asked


def test_files_without_a_list_are_not_enough(hub: Hub, tmp_path: Path) -> None:
    """Nobody knows here what a record holds."""
    hub.declare(cms={"record": 12353})

    done = hub.data("fetch", "--from", str(tmp_path))

    assert done.exit_code == 1
    assert "cms: Which files record 12353 has is not known here. Either run" in done.stderr


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (record([], [], []), "has no files; look at the number."),
        (
            record([entry("a", b"")], [], [{"availability": "on demand"}]),
            "1 files of record 7 are on tape. Ask for them at",
        ),
        ([], "is not understood"),
        ({"metadata": 7}, "is not understood"),
        ({"metadata": {"files": [{"uri": 7}]}}, "is not understood"),
        (record([entry("..", b"")], [], []), "is not understood"),
        (record([entry("a\x00b", b"")], [], []), "is not understood"),
        (record([entry("a", b"", uri="file:///etc/passwd")], [], []), "is not understood"),
        (record([entry("a", b"", uri="root://else.where//eos/a")], [], []), "is not understood"),
        (record([entry("a", b"", uri=f"{EOS}/x/../../../../../a/..")], [], []), "not understood"),
        (record([entry("a", b"", checksum="adler32:../../x")], [], []), "is not understood"),
        (record([entry("a", b"", uri=uri) for uri in ("/a/b", "b")], [], []), "not understood"),
    ],
)
def test_a_list_that_means_ill_is_refused(raw: Any, why: str) -> None:
    """Nothing of it becomes a path, an address of another kind, or an error that nobody reads."""
    with pytest.raises(DataError, match=why):
        records.read(raw, 7, "record 7")


def test_files_of_one_name_keep_their_folders() -> None:
    """As far as it takes to tell them apart."""
    raw = record([entry("Run/0000/a.root", b"1"), entry("Run/0001/a.root", b"2")], [], [])

    found = records.read(raw, 7, "record 7")

    assert [piece.name for piece in found.files] == ["0000/a.root", "0001/a.root"]
    assert found.files[0].url == f"https://opendata.cern.ch/{HERE}/Run/0000/a.root"


def test_an_answer_that_nobody_can_read_is_said(hub: Hub, portal: Server) -> None:
    """Such as one with a number of five thousand digits."""
    portal.serve("api/records/7", b'{"metadata": ' + b"9" * 5000 + b"}")
    hub.declare(cms={"record": 7})

    done = hub.data("fetch")

    assert done.exit_code == 1
    assert f"cms: {portal.url}/api/records/7 cannot be had: " in done.stderr


def test_a_list_that_is_brought_can_take_the_place_of_the_kept_one(
    hub: Hub, portal: Server, tmp_path: Path
) -> None:
    """When somebody says so: a machine without network gets a record's new files, too."""
    hub.declare(cms={"record": 12353}, other={"record": 7})
    assert hub.data("fetch", "cms").exit_code == 0
    raw = record([entry("events.root", EVENTS), entry("new.root", b"new")], [], [])
    listing = records.read(json.loads(json.dumps(raw)), 12353, "record 12353")
    (tmp_path / "usb").mkdir()
    (tmp_path / "usb" / "list.json").write_text(listing.model_dump_json(exclude_none=True))
    (tmp_path / "usb" / "new.root").write_bytes(b"new")
    from_usb = ("--from", str(tmp_path / "usb"))

    kept = hub.data("fetch", "cms", *from_usb)
    new = hub.data("fetch", "cms", "--update", *from_usb)
    lost = hub.data("fetch", "other", "--update", *from_usb)

    assert kept.stdout.startswith("cms: complete, 2 files")
    assert new.exit_code == 0, new.output
    assert hub.seen("cms") == {"events.root": EVENTS, "new.root": b"new"}
    assert lost.exit_code == 1
    assert f"other: {tmp_path / 'usb'} has no list.json of record 7; bring it" in lost.stderr


@pytest.fixture
def atlas(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """ATLAS's own service, as its client asks it, and the files."""
    monkeypatch.setattr("atlasopenmagic.metadata.API_BASE_URL", server.url)
    monkeypatch.setattr("atlasopenmagic.metadata.current_release", "2024r-pp")
    monkeypatch.setattr("atlasopenmagic.metadata._metadata", {})
    urls = [f"{server.url}/{HERE}/{name}" for name in ("events.root", "more.root")]
    raw = {"dataset_number": "301204", "physics_short": "Zprime", "file_list": urls, "skims": []}
    server.serve("metadata/2024r-pp/301204", json.dumps(raw).encode())
    server.serve(f"{HERE}/events.root", EVENTS)
    server.serve(f"{HERE}/more.root", MORE)
    return server


def test_atlas_names_become_files_whose_sums_are_kept(hub: Hub, atlas: Server) -> None:
    """ATLAS says no sums, so those of what came count; damage is found without a network."""
    hub.declare(atlas={"atlas": {"dataset": 301204}})

    done = hub.data("fetch")
    atlas.files.clear()
    again = hub.data("fetch")
    (hub.path("atlas") / "current" / "more.root").write_bytes(MORE[::-1])
    damaged = hub.data("verify")

    assert done.exit_code == 0, done.output
    assert again.stdout == "atlas: complete, 2 files, 10 kB\n"
    assert damaged.exit_code == 1
    assert "atlas: more.root is damaged" in damaged.stderr
