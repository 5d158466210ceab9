"""hub.yaml with its homes in another place."""

import os
from pathlib import Path

import pytest

from opendata_hub.errors import ConfigError
from opendata_hub.fields import read_yaml
from opendata_hub.settings import switching

SHIPPED = Path(__file__).parents[2] / "hub.yaml"
BTRFS = {"storage": "btrfs", "path": "/srv/homes"}


def switched(tmp_path: Path, text: str) -> str:
    """Have a hub.yaml with this text say that homes are in btrfs:/srv/homes."""
    file = tmp_path / "hub.yaml"
    file.write_text(text)
    new = switching.switched(file, "btrfs", Path("/srv/homes"))
    switching.write(file, new)
    return file.read_text()


def test_the_shipped_file_changes_by_two_lines(tmp_path: Path) -> None:
    """They stand under homes, and all others are as they were."""
    before = SHIPPED.read_text().splitlines()

    after = switched(tmp_path, SHIPPED.read_text()).splitlines()

    head = after.index("homes:")
    assert after[head + 1 : head + 3] == ["  storage: btrfs", "  path: /srv/homes"]
    assert after[: head + 1] + after[head + 3 :] == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "homes:\n  storage: btrfs\n  path: /srv/homes\n"),
        ("# mine\n", "# mine\n\nhomes:\n  storage: btrfs\n  path: /srv/homes\n"),
        (
            "hub:\n    title:  'A'  # ours\nhomes:\n    # where\n    storage: folder  # a disk\n"
            "    path: old\nlogin:\n    admins:\n      - anna\n",
            "hub:\n    title:  'A'  # ours\nhomes:\n    # where\n    storage: btrfs  # a disk\n"
            "    path: /srv/homes\nlogin:\n    admins:\n      - anna\n",
        ),
        (
            "homes:\n# storage: folder\nhub: {title: A}\n",
            "homes:\n  storage: btrfs\n  path: /srv/homes\n# storage: folder\nhub: {title: A}\n",
        ),
        (
            "# mine\nhomes: {welcome: here}  # theirs\n",
            "# mine\nhomes: {welcome: here, storage: btrfs, path: /srv/homes} # theirs\n",
        ),
    ],
)
def test_what_others_wrote_stays(tmp_path: Path, before: str, after: str) -> None:
    """Comments, quotes, spaces and indents; however homes was written."""
    assert switched(tmp_path, before) == after


def test_a_path_goes_where_volumes_come(tmp_path: Path) -> None:
    """They have none; the comment of another line stays."""
    file = tmp_path / "hub.yaml"
    file.write_text("homes:\n  path: /a  # old\n  storage: folder\n  welcome: here  # new\n")

    new = switching.switched(file, "volume", None)

    assert new == "homes:\n  storage: volume\n  welcome: here  # new\n"


def test_a_path_may_have_any_name(tmp_path: Path) -> None:
    """Also one that means something in YAML."""
    file = tmp_path / "hub.yaml"
    file.write_text("hub: {}\n")

    file.write_text(switching.switched(file, "folder", Path("/srv/a: b # ü'\"")))

    assert read_yaml(file)["homes"] == {"storage": "folder", "path": "/srv/a: b # ü'\""}


def test_what_would_be_a_fault_is_one_before(tmp_path: Path) -> None:
    """A quota that the new storage has not: the file stays as it was."""
    text = "homes: {storage: btrfs, path: /srv/homes, quota: 1G}\n"
    file = tmp_path / "hub.yaml"
    file.write_text(text)

    with pytest.raises(ConfigError, match="quota"):
        switching.switched(file, "volume", None)

    assert file.read_text() == text


def test_a_new_file_is_never_open_to_more_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold secrets; not even where one that was left behind is."""
    file, left = tmp_path / "hub.yaml", tmp_path / "hub.yaml.part"
    for each in (file, left):
        each.touch()
        each.chmod(0o666)
    modes: list[int] = []

    def look(descriptor: int, mode: int) -> None:
        modes.extend((os.fstat(descriptor).st_mode & 0o777, mode))

    monkeypatch.setattr(os, "fchmod", look)
    switching.write(file, "hub: {}\n")

    assert modes == [0o600, 0o666]


def test_mode_and_place_of_the_file_stay(tmp_path: Path) -> None:
    """A link to a file elsewhere stays a link."""
    real, link = tmp_path / "real.yaml", tmp_path / "hub.yaml"
    real.write_text("hub: {}\n")
    real.chmod(0o640)
    link.symlink_to(real)

    switching.write(link, switching.switched(link, *BTRFS.values()))  # type: ignore[arg-type]

    assert link.is_symlink() and real.stat().st_mode & 0o777 == 0o640
    assert read_yaml(real)["homes"] == BTRFS
    assert list(tmp_path.glob("*.part")) == []
