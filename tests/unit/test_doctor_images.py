"""What ``opendata-hub doctor`` says of the catalogue's images and of datasets."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from opendata_hub.datasets import Dataset
from opendata_hub.machine.health import Finding, Level, datasets, images
from opendata_hub.machine.health.datasets import Seen, Sight
from opendata_hub.machine.health.images import Found

JUDGED = [
    (Found("a", "a:1", hub="6.0.2"), Level.OK, "it is here, with JupyterHub 6.0.2.", ""),
    (
        Found("a", "a:1"),
        Level.OK,
        "it is here; no label tells its JupyterHub, so that is not checked.",
        "",
    ),
    (
        Found("a", "a:1", local=True, here=False),
        Level.FAULT,
        "it is not made yet, and no registry has it.",
        "./start --prepare",
    ),
    (
        Found("a", "a:1", local=True, here=False, default=False),
        Level.WARNING,
        "it is not made yet, and no registry has it.",
        "opendata-hub images build a",
    ),
    (
        Found("a", "quay.io/a:1", here=False),
        Level.WARNING,
        "it is not here yet: whoever starts it first waits for the download.",
        "opendata-hub images pull a",
    ),
    (
        Found("a", "a:1", local=True, hub="1.5.1", current=False),
        Level.WARNING,
        "it has JupyterHub 1.5.1 inside: students get in, admins and services do not.",
        "./start --prepare",
    ),
    (
        Found("a", "quay.io/a:1", hub="1.5.1"),
        Level.WARNING,
        "it has JupyterHub 1.5.1 inside: students get in, admins and services do not.",
        "name an image with JupyterHub 6 in the catalogue",
    ),
    (
        Found("a", "a:1", local=True, current=False),
        Level.WARNING,
        "its recipe, or the hub, changed since it was made.",
        "./start --prepare",
    ),
    (
        Found("a", "A", trouble="invalid reference format."),
        Level.FAULT,
        "A cannot be used: invalid reference format.",
        "mend its entry in the catalogue, or its recipe",
    ),
]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A dataset that everyone may read, with a file and a folder, below a private folder."""
    tmp_path.chmod(0o700)
    folder = tmp_path / "my data"
    (folder / "run").mkdir(parents=True)
    (folder / "a.root").touch()
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    yield folder
    folder.chmod(0o755)


@pytest.mark.parametrize(("image", "level", "text", "fix"), JUDGED)
def test_an_image_is_here_and_fits_or_comes_with_a_command(
    image: Found, level: Level, text: str, fix: str
) -> None:
    """One line per image; what cannot start at all is a fault."""
    assert images.judge(image, "6.1.1") == Finding("Image a", level, text, fix)


def test_a_dataset_that_servers_can_read_is_fine(folder: Path) -> None:
    """Private folders above it do not matter: the engine mounts it from within."""
    (finding,) = datasets.check({"cms": Dataset(path=folder)})

    assert finding == Finding("Dataset cms", Level.OK, f"servers can read {folder}.")


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_a_dataset_that_servers_cannot_read_is_a_fault(folder: Path, mode: int) -> None:
    """A folder needs to be listed and entered; the command is safe to paste."""
    folder.chmod(mode)
    (finding,) = datasets.check({"cms": Dataset(path=folder)})

    assert finding == Finding(
        "Dataset cms",
        Level.FAULT,
        f"servers run as uid 1000, and that may not read {folder}.",
        f"sudo chmod a+rx '{folder}'",
    )


@pytest.mark.parametrize(("name", "mode"), [("a.root", 0o000), ("run", 0o444)])
def test_one_closed_thing_in_a_dataset_is_worth_a_word(folder: Path, name: str, mode: int) -> None:
    """It may be on purpose, such as solutions."""
    (folder / name).chmod(mode)
    (finding,) = datasets.check({"cms": Dataset(path=folder)})

    assert finding.level is Level.WARNING
    assert f"may not read '{name}' in" in finding.text
    assert finding.fix == f"sudo chmod -R a+rX '{folder}'"


def test_what_each_disk_has_for_itself_is_passed_over(folder: Path) -> None:
    """A dataset can be a whole disk."""
    (folder / "lost+found").mkdir(mode=0o000)

    assert datasets.look(folder) == Seen(Sight.OPEN)


def test_who_is_not_root_goes_by_modes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers are those that root gets."""
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    seen = [datasets.look(folder)]
    (folder / "a.root").chmod(0o000)
    seen.append(datasets.look(folder))
    folder.chmod(0o000)
    seen.append(datasets.look(folder))

    assert seen == [Seen(Sight.OPEN), Seen(Sight.OPEN, "a.root"), Seen(Sight.CLOSED)]


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "readable"),
    [
        (stat.S_IFREG | 0o400, 1000, 100, True),
        (stat.S_IFREG | 0o044, 1000, 100, False),
        (stat.S_IFREG | 0o040, 0, 100, True),
        (stat.S_IFREG | 0o404, 0, 100, False),
        (stat.S_IFREG | 0o004, 0, 0, True),
        (stat.S_IFDIR | 0o004, 0, 0, False),
        (stat.S_IFDIR | 0o005, 0, 0, True),
    ],
)
def test_the_first_of_owner_group_and_others_counts(
    mode: int, uid: int, gid: int, readable: bool
) -> None:
    """As in the kernel: an owner without the right does not get it from the others'."""
    status = os.stat_result((mode, 0, 0, 1, uid, gid, 0, 0, 0, 0))

    assert datasets.may_read(status) is readable


def test_a_dataset_that_is_yet_to_be_fetched_is_worth_a_word(folder: Path) -> None:
    """With the command; once a version is here, that is looked at."""
    dataset = Dataset(path=folder / "cms", record=1)
    (before,) = datasets.check({"cms": dataset})
    version = folder / "cms" / "versions" / "1"
    version.mkdir(parents=True)
    (folder / "cms" / "current").symlink_to(version)
    (after,) = datasets.check({"cms": dataset})

    assert before == Finding(
        "Dataset cms",
        Level.WARNING,
        "it is not here yet, and servers start without it.",
        "opendata-hub data fetch cms",
    )
    assert after.text == f"servers can read {version}."


def test_a_dataset_that_nobody_here_can_see_is_worth_a_word(tmp_path: Path) -> None:
    """Such as a network disk that gives root no rights, or a folder below a private one."""
    assert datasets.look(tmp_path / "lost") == Seen(Sight.UNKNOWN)

    finding = datasets.judge("cms", tmp_path, Seen(Sight.UNKNOWN))

    assert (finding.level, finding.fix) == (Level.WARNING, "run this command with sudo")
