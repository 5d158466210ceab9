"""`opendata-hub install`: what it decides, writes and says, without touching this machine."""

import json
import os
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from opendata_hub import places
from opendata_hub.cli import main
from opendata_hub.errors import ConfigError, MachineError
from opendata_hub.install import environment, furnishing, installing, progress, running, source
from opendata_hub.install.editing import Change, edited
from opendata_hub.install.installing import Wish
from opendata_hub.machine import daemon
from opendata_hub.settings import load

ASSETS = Path(__file__).parents[2]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of its own: all places are below this folder."""
    for name in ("PROGRAM", "CONFIG", "DATA", "RUN"):
        monkeypatch.setattr(places, name, tmp_path / name.lower())
    monkeypatch.setattr(environment, "LINK", tmp_path / "bin" / "opendata-hub")
    return tmp_path


def _quiet(_: str) -> None:
    """Nobody listens."""


def _distribution(folder: Path, direct_url: object = None) -> PathDistribution:
    info = folder / "opendata_hub-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: opendata-hub\nVersion: 1.2\n")
    if direct_url:
        (info / "direct_url.json").write_text(json.dumps(direct_url))
    return PathDistribution(info)


def test_a_package_of_the_index_comes_from_there_again(tmp_path: Path) -> None:
    """The same version is had by its number, the newest by its name."""
    found = source.described(_distribution(tmp_path))
    assert (found.spec, found.newest, found.identity) == (
        "opendata-hub==1.2",
        "opendata-hub",
        "1.2",
    )


def test_a_checkout_is_taken_as_a_folder(tmp_path: Path) -> None:
    """What `pip install --editable` has noted leads back to the checkout."""
    noted = {"url": "file:///srv/my%20hub", "dir_info": {"editable": True}}
    found = source.described(_distribution(tmp_path, noted))
    assert (found.spec, found.newest) == ("/srv/my hub", "/srv/my hub")


@pytest.mark.parametrize(
    ("wanted", "newest"), [("main", "git+https://x/y@main"), (None, "git+https://x/y")]
)
def test_a_repository_is_taken_at_its_commit(
    tmp_path: Path, wanted: str | None, newest: str
) -> None:
    """The same is the commit, the newest the branch that was asked for."""
    told = {"vcs": "git", "commit_id": "abc", **({"requested_revision": wanted} if wanted else {})}
    found = source.described(_distribution(tmp_path, {"url": "https://x/y", "vcs_info": told}))
    assert (found.spec, found.newest) == ("git+https://x/y@abc", newest)


def test_a_file_has_no_newer_one(tmp_path: Path) -> None:
    """Who upgrades names the file; that of an address may be another tomorrow."""
    here = {"url": "file:///tmp/a.whl", "archive_info": {}}
    found = source.described(_distribution(tmp_path / "here", here))
    assert (found.spec, found.newest) == ("/tmp/a.whl", None)
    far = {"url": "https://x/a.whl", "archive_info": {"hash": "sha256=12"}}
    found = source.described(_distribution(tmp_path / "far", far))
    assert (found.spec, found.newest) == ("https://x/a.whl", "https://x/a.whl")


def test_two_files_of_a_version_are_told_apart_by_what_is_in_them(tmp_path: Path) -> None:
    """What Python has compiled does not count, nor what pip notes: that differs each time."""
    noted = {"url": "file:///tmp/a.whl", "archive_info": {}}

    def identity(name: str, record: str) -> str:
        found = _distribution(tmp_path / name, noted)
        (tmp_path / name / "opendata_hub-1.2.dist-info" / "RECORD").write_text(record)
        return source.described(found).identity

    one = identity("one", "opendata_hub/a.py,sha256=1,1\nopendata_hub/a.pyc,,\n")
    assert one == identity("same", "x/direct_url.json,sha256=9,9\nopendata_hub/a.py,sha256=1,1\n")
    assert one != identity("other", "opendata_hub/a.py,sha256=2,1\n")


def test_what_to_upgrade_to_is_a_version_a_file_or_an_address(tmp_path: Path) -> None:
    """Whatever else is typed is refused before anything is made."""
    wheel = tmp_path / "a.whl"
    wheel.touch()
    assert source.asked("1.2rc1") == "opendata-hub==1.2rc1"
    assert source.asked(str(wheel)) == str(wheel)
    assert source.asked("git+https://x/y@main") == "git+https://x/y@main"
    for wrong in ("main", str(tmp_path / "missing.whl"), "1.2-missing.whl"):
        with pytest.raises(MachineError, match="is no version"):
            source.asked(wrong)


def test_the_link_changes_over_in_one_moment(machine: Path) -> None:
    """The command of any shell leads to the version that is current; older ones go."""
    made = [environment.versions() / name for name in ("one", "two", "three")]
    for folder in made:
        folder.mkdir(parents=True)
        assert environment.switch(folder, _quiet)
        assert not environment.switch(folder, _quiet)
    assert environment.current() == made[2]
    assert environment.LINK.readlink() == environment.link() / "bin" / "opendata-hub"
    environment.prune(2, _quiet)
    assert len(list(environment.versions().iterdir())) == 2 and made[2].is_dir()


def test_a_program_of_somebody_elses_is_left_alone(machine: Path) -> None:
    """Who has put a program of that name there keeps it."""
    environment.LINK.parent.mkdir()
    environment.LINK.write_text("mine")
    (environment.versions() / "one").mkdir(parents=True)
    environment.switch(environment.versions() / "one", _quiet)
    assert environment.LINK.read_text() == "mine"


@pytest.mark.parametrize("text", [None, "hub: {titel: Muons}\n"])
def test_a_hub_yaml_with_a_fault_is_told_before_anything_is_made(
    text: str | None, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also to those who look at how far it is: nobody sees what cloud-init prints."""
    monkeypatch.setattr(daemon, "SYSTEMD", machine)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(environment, "make", lambda spec, say: pytest.fail("It begins."))
    config = machine / "hub.yaml"
    if text:
        config.write_text(text)
    with pytest.raises(ConfigError):
        installing.install(Wish(config, None, ()), lambda settings, say: None, _quiet)
    assert "hub.yaml" in (progress.read() or {})["problem"]
    assert _states()["hub.yaml"] == "failed"


def test_a_program_that_cannot_be_run_is_told(machine: Path) -> None:
    """It was made just now; its disk may let nothing be run."""
    made = environment.versions() / "one"
    with pytest.raises(MachineError, match=f"{made}/bin/opendata-hub cannot be run: No such file"):
        installing._go_on(made, Wish(None, None, ()))


def test_steps_are_told_as_they_go(machine: Path) -> None:
    """Those of another program before stay; a failure leaves its sentence, and no traceback."""
    before = {"name": "Python", "state": "done", "since": 1}
    stale = {"name": "Old", "state": "running", "since": 1}
    progress.file().parent.mkdir()
    progress.file().write_text(json.dumps({"steps": [before, stale]}))
    told = progress.Progress(["One", "Two"])
    with told.step("One"):
        assert _states() == {"Python": "done", "One": "running", "Two": "waiting"}
    told.expect(["Two", "Three"])
    with pytest.raises(MachineError), told.step("Two"):
        raise MachineError("The disk is full.")
    assert _states() == {"Python": "done", "One": "done", "Two": "failed", "Three": "waiting"}
    assert (progress.read() or {})["problem"] == "The disk is full."
    assert progress.file().stat().st_mode & 0o777 == 0o644


def _states() -> dict[str, str]:
    return {step["name"]: step["state"] for step in (progress.read() or {})["steps"]}


def test_status_says_how_far_it_is(machine: Path) -> None:
    """A step each; where one failed the sentence, and the exit code is 1."""
    with pytest.raises(MachineError), progress.Progress(["Images"]).step("Images"):
        raise MachineError("No network.")
    result = CliRunner().invoke(main, ["install", "--status"])
    assert result.exit_code == 1
    assert "Images: FAILED" in result.output and "No network." in result.output


def test_a_machine_without_systemd_is_told_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, ./start runs the hub."""
    monkeypatch.setattr(daemon, "SYSTEMD", tmp_path / "missing")
    for command in ("install", "upgrade", "uninstall"):
        result = CliRunner().invoke(main, [command])
        assert result.exit_code == 1 and "./start" in result.stderr


def test_the_hub_yaml_that_comes_with_us_is_made_whole(machine: Path) -> None:
    """Its relative paths lead to what an installed hub has; the rest is as it was written."""
    furnishing.furnish(None, False, _quiet)
    settings = load(furnishing.file())
    assert settings.datasets["sample"].path == places.DATA / "datasets" / "sample"
    assert settings.homes.welcome == places.CONFIG / "welcome"
    assert settings.images == ASSETS / "images" / "catalogue.yaml"
    assert furnishing.file().stat().st_mode & 0o777 == 0o600
    theirs = (ASSETS / "hub.yaml").read_text().splitlines()
    ours = furnishing.file().read_text().splitlines()
    assert len(set(theirs) - set(ours)) == 2


def test_a_second_time_nothing_is_written(machine: Path) -> None:
    """Who edited hub.yaml keeps it, and no copies pile up."""
    furnishing.furnish(None, False, _quiet)
    with furnishing.file().open("a") as stream:
        stream.write("# mine\n")
    said: list[str] = []
    furnishing.furnish(None, False, said.append)
    assert not said and furnishing.file().read_text().endswith("# mine\n")


def test_a_hub_yaml_brings_what_lies_beside_it(machine: Path) -> None:
    """Small files are copied, data stay where they are; what was there before is kept."""
    furnishing.furnish(None, False, _quiet)
    theirs = machine / "theirs"
    (theirs / "data").mkdir(parents=True)
    (theirs / "hello").mkdir()
    (theirs / "secret").write_text("s")
    (theirs / "hub.yaml").write_text(
        "datasets: {data: data}\nhomes: {welcome: hello}\n"
        "registries: {example.org: {username: u, password_file: secret}}\n"
    )
    (theirs / "secret").chmod(0o600)
    furnishing.furnish(theirs / "hub.yaml", False, _quiet)
    settings = load(furnishing.file())
    assert settings.datasets["data"].path == theirs / "data"
    assert settings.homes.welcome == places.CONFIG / "hello"
    assert (places.CONFIG / "secret").read_text() == "s"
    assert len(list(places.CONFIG.glob("hub.yaml.2*"))) == 1


def test_a_folder_that_cannot_be_copied_is_told(machine: Path) -> None:
    """Which of its files cannot be, and why."""
    (machine / "hello").mkdir()
    (machine / "hello" / "lost").symlink_to("nowhere")
    (machine / "hub.yaml").write_text("homes: {welcome: hello}\n")
    with pytest.raises(MachineError, match=r"cannot be written: .*hello/lost.*No such file"):
        furnishing.furnish(machine / "hub.yaml", False, _quiet)


def test_homes_go_onto_the_data_disk(machine: Path) -> None:
    """Unless somebody wrote otherwise; then it is said that they are not on it."""
    furnishing.furnish(None, True, _quiet)
    homes = load(furnishing.file()).homes
    assert (homes.storage, homes.path) == ("btrfs", places.DATA / "homes")
    furnishing.file().write_text("homes: {storage: volume}\n")
    said: list[str] = []
    furnishing.furnish(None, True, said.append)
    assert "NOT on the data disk" in said[0]
    assert load(furnishing.file()).homes.storage == "volume"


@pytest.mark.parametrize(
    ("text", "change", "after"),
    [
        (
            "a:  # why\n  # b: 1\nc: 2\n",
            Change(("a", "b"), "x"),
            "a:  # why\n  b: x\n  # b: 1\nc: 2\n",
        ),
        ("a: {b: y}\n", Change(("a", "b"), "x"), None),
        ("", Change(("a",), "x"), "a: x\n"),
        ("# one\na: x\n", Change(("a",), None), "# one\n# a: x\n"),
        ("a: {b: {c: y}}\n", Change(("a", "b", "c"), "x"), None),
        ("a:\n    b: y\n", Change(("a", "c"), "x"), None),
    ],
)
def test_a_change_of_yaml_is_the_one_that_was_meant(
    text: str, change: Change, after: str | None
) -> None:
    """Its own line where it has one, else all of it written anew."""
    found = edited(text, [change])
    content = YAML(typ="safe", pure=True).load(found) or {}
    for key in change.keys:
        content = (content or {}).get(key)
    assert content == change.value
    assert after is None or found == after


def test_the_mark_of_a_hub_changes_with_what_it_reads(machine: Path) -> None:
    """Another program, another hub.yaml, another secret: then it has to be started again."""
    furnishing.furnish(None, False, _quiet)
    program = machine / "env"

    def mark() -> str:
        return running.mark(load(furnishing.file()), furnishing.file(), program)

    first = mark()
    assert mark() == first
    (places.DATA / "datasets" / "sample" / "new").touch()
    assert mark() == first
    furnishing.file().write_text(furnishing.file().read_text() + "\n")
    assert mark() != first
    program = machine / "other"
    assert mark() != first
    assert running.noted() == ""
    places.RUN.mkdir()
    running.note(first)
    assert running.noted() == first
