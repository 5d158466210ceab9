"""Small files on their way into a container."""

import io
import tarfile

from opendata_hub.engine import archive


def _entries(packed: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {entry.name: entry for entry in tar.getmembers()}


def _content(packed: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        content = tar.extractfile(name)
        assert content is not None
        return content.read()


def test_content_arrives_as_it_is() -> None:
    """Any bytes under any name."""
    packed = archive({"Grüße.txt": b"\x00\xff", "empty": b""}, 1000, 1000)

    assert _content(packed, "Grüße.txt") == b"\x00\xff"
    assert _content(packed, "empty") == b""


def test_folders_are_made_on_the_way_before_what_is_in_them() -> None:
    """Each once, parents first."""
    packed = archive({"a/b/c.txt": b"", "a/d.txt": b""}, 1000, 1000)

    assert list(_entries(packed)) == ["a", "a/b", "a/b/c.txt", "a/d.txt"]


def test_everything_belongs_to_one_user() -> None:
    """Folders can be entered and files be read, by everybody; only the owner writes."""
    entries = _entries(archive({"a/b.txt": b""}, uid=1000, gid=100)).values()

    assert {(entry.uid, entry.gid) for entry in entries} == {(1000, 100)}
    assert [(entry.isdir(), entry.mode) for entry in entries] == [(True, 0o755), (False, 0o644)]


def test_a_folder_around_everything_is_handed_over_even_with_nothing_in_it() -> None:
    """That is how a new home gets its owner."""
    assert list(_entries(archive({}, 1000, 1000, folder="jovyan"))) == ["jovyan"]
    assert list(_entries(archive({"a": b""}, 1000, 1000, folder="jovyan"))) == [
        "jovyan",
        "jovyan/a",
    ]


def test_nothing_makes_an_empty_archive() -> None:
    """No files and no folder are no entries."""
    assert _entries(archive({}, 1000, 1000)) == {}
