"""A hub in one file: found whole and fitting before anything of it is used."""

import hashlib
import importlib.util
import io
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from opendata_hub import places
from opendata_hub.bundle import Contents, debs, unpack, used
from opendata_hub.bundle.packing import CODE
from opendata_hub.bundle.writing import Writer
from opendata_hub.datasets import Dataset
from opendata_hub.errors import MachineError, OpenDataError
from opendata_hub.fetching import bring
from opendata_hub.machine import commands, packages

REAL = unpack.this_machine
HERE = {"distribution": "debian", "release": "bookworm", "architecture": "amd64", "python": "3.11"}
EVENTS = b"event,mass\n1,91.2\n" * 2000


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine of a known kind, with folders of its own."""
    monkeypatch.setattr(unpack, "this_machine", lambda: HERE)
    for name in ("PROGRAM", "CONFIG", "DATA"):
        folder = tmp_path / "machine" / name.lower()
        folder.mkdir(parents=True)
        monkeypatch.setattr(places, name, folder)


@pytest.fixture
def real_machine() -> dict[str, str]:
    """What this machine is."""
    return REAL()


def gathered(folder: Path) -> list[Path]:
    """Make files and folders that stand for what is gathered."""
    files = {
        CODE: Path(unpack.__file__).read_bytes(),
        "wheels/opendata_hub-1-py3-none-any.whl": b"wheel" * 900,
        "debs/Packages": b"Package: caddy\n",
        "debs/caddy.deb": b"package" * 900,
        "npm/content/ab": b"proxy" * 900,
        "images.tar.gz": b"images" * 90_000,
        "datasets/mine/files/2016/events.csv": EVENTS,
        "datasets/cms/files/events.csv": EVENTS,
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "datasets/mine/files/latest").symlink_to("2016")
    return [folder / name for name in dict.fromkeys(name.split("/")[0] for name in files)]


def bundle(folder: Path, **more: Any) -> Path:
    """Write a bundle; ``more`` is what it says of itself otherwise."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        parts = gathered(Path(scratch))
        about = {
            **HERE,
            "format": unpack.FORMAT,
            "version": "1",
            "package": "opendata-hub==1",
            "npm": "https://registry.npmjs.org/",
            "room": {"program": 1000, "images": 1000},
            "images": {},
            "datasets": {
                "mine": {"size": len(EVENTS), "path": "data/mine"},
                "cms": {"size": len(EVENTS), "path": None},
            },
            CODE: hashlib.sha256(parts[0].read_bytes()).hexdigest(),
            **more,
        }
        with (folder / "class.tar").open("wb") as out:
            writer = Writer(out, about, lambda done, total: None, 0)
            for path in parts:
                writer.add(path, path.name)
            writer.close()
    return folder / "class.tar"


def fetched(folder: Path, events: bytes) -> Dataset:
    """Return a dataset that is fetched into a folder."""
    checksum = hashlib.sha256(events).hexdigest()
    file = {"url": "https://data.example.org/events.csv", "sha256": checksum}
    return Dataset.model_validate({"path": folder, "files": [file]})


def load_bootstrap(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import bootstrap.py, with a folder of its own for programs."""
    spec = importlib.util.spec_from_file_location("bootstrap", places.ASSETS / "bootstrap.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PROGRAM", folder / "opt")
    monkeypatch.setattr(os, "environ", dict(os.environ))
    return module


def offset(file: Path, name: str) -> int:
    """Where the content of a member begins."""
    with tarfile.open(file) as tar:
        return tar.getmember(name).offset_data


def spoil(file: Path, at: int) -> None:
    """Change one bit."""
    with file.open("r+b") as raw:
        raw.seek(at)
        byte = raw.read(1)[0]
        raw.seek(at)
        raw.write(bytes([byte ^ 4]))


def refusal(file: Path) -> str:
    """Return why a bundle is refused, after which nothing of it is there."""
    with pytest.raises(MachineError) as refused, used(file, lambda line: None):
        pass
    assert not list(places.PROGRAM.iterdir())
    return str(refused.value)


def test_programs_take_what_they_need_from_it(tmp_path: Path) -> None:
    """Apt, pip and npm are told by their variables, which are gone afterwards, as the folder is."""
    file, before = bundle(tmp_path), dict(os.environ)

    with used(file, lambda line: None) as found:
        folder = places.PROGRAM / "bundle"
        assert found.about["package"] == "opendata-hub==1"
        assert os.environ["PIP_NO_INDEX"] == "1"
        assert Path(os.environ["PIP_FIND_LINKS"], "opendata_hub-1-py3-none-any.whl").is_file()
        assert Path(os.environ["npm_config_cache"], "content/ab").is_file()  # noqa: SIM112
        assert f'SourceList "{folder}/sources.list"' in Path(os.environ["APT_CONFIG"]).read_text()
        assert (folder / "sources.list").read_text() == f"deb [trusted=yes] file:{folder}/debs ./\n"
        assert not (folder / "images.tar.gz").exists()

    assert dict(os.environ) == before
    assert not folder.exists()


def test_apt_finds_its_packages_without_a_complaint(tmp_path: Path) -> None:
    """Whatever the clock shows; who looks for what went wrong reads no errors that are none."""
    control = tmp_path / "made/DEBIAN/control"
    control.parent.mkdir(parents=True)
    control.write_text(
        "Package: muons\nVersion: 13.1\nArchitecture: all\nInstalled-Size: 7\n"
        "Maintainer: nobody <nobody@example.org>\nDescription: for a test\n of apt\n"
    )
    folder = places.PROGRAM / "bundle"
    (folder / "debs").mkdir(parents=True)
    commands.run(["dpkg-deb", "--build", str(tmp_path / "made"), str(folder / "debs")], print)

    assert debs.listed(folder / "debs").installed == 7 * 1024
    unpack.write_settings(folder, folder)
    apt = {**os.environ, "APT_CONFIG": f"{folder}/apt.conf"}
    done = subprocess.run(["apt-get", "update"], env=apt, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert "Err" not in done.stdout and not done.stderr
    assert packages.known(["muons", "electrons"], apt) == ["muons"]


def test_what_is_unpacked_is_not_unpacked_again(tmp_path: Path) -> None:
    """`bootstrap.py` did it, and `install` goes on; another file is another bundle."""
    file, folder = bundle(tmp_path), places.PROGRAM / "bundle"
    seen: list[int] = []

    def unpacked() -> bool:
        seen.clear()
        unpack.ensure(file, folder, lambda done, total: seen.append(done))
        return bool(seen)

    assert unpacked()
    assert not unpacked()
    bundle(tmp_path)
    assert unpacked()


def test_after_a_failure_it_stays_for_the_next_time(tmp_path: Path) -> None:
    """What comes after the bundle failed; its variables go all the same."""
    with pytest.raises(KeyError), used(bundle(tmp_path), lambda line: None):
        raise KeyError

    assert "PIP_NO_INDEX" not in os.environ
    assert (places.PROGRAM / "bundle/wheels").is_dir()


@pytest.mark.parametrize(
    "name", ["wheels/opendata_hub-1-py3-none-any.whl", "images.tar.gz", "debs/caddy.deb",
             "datasets/mine/files/2016/events.csv"],
)  # fmt: skip
def test_damage_is_told_by_the_member(tmp_path: Path, name: str) -> None:
    """One bit is enough, wherever it is."""
    file = bundle(tmp_path)
    spoil(file, offset(file, name) + 700)

    assert refusal(file) == (
        f"{file} is damaged: {name} in it is not what was packed; copy it once more."
    )


def test_damage_between_members_is_told(tmp_path: Path) -> None:
    """The head of one: none after it can be found."""
    file = bundle(tmp_path)
    spoil(file, offset(file, "images.tar.gz") - 512 + 3)

    assert refusal(file) == (
        f"{file} is cut short, or damaged after npm/content/ab; copy it once more."
    )


def test_damage_of_what_it_says_of_itself_is_told(tmp_path: Path) -> None:
    """It must not be taken for a bundle of another release."""
    file = bundle(tmp_path)
    at = file.read_bytes().index(b"bookworm")
    spoil(file, at)

    assert refusal(file) == f"{file} was not made by `opendata-hub bundle`, or is damaged."


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_file_that_is_cut_short_is_told(tmp_path: Path, part: float) -> None:
    """Wherever it ends."""
    file = bundle(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * part)])

    assert "is cut short" in refusal(file)


def test_a_file_with_nothing_but_its_label_is_told(tmp_path: Path) -> None:
    """The stick was pulled out at once."""
    file = bundle(tmp_path)
    file.write_bytes(file.read_bytes()[: offset(file, CODE) - 512])

    assert "is cut short" in refusal(file)


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100])
def test_another_file_is_told(tmp_path: Path, content: bytes) -> None:
    """Somebody took the wrong one."""
    file = tmp_path / "class.tar"
    file.write_bytes(content)

    assert "was not made by `opendata-hub bundle`" in refusal(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The stick is not in."""
    assert refusal(tmp_path / "class.tar") == f"{tmp_path}/class.tar is not there."


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"release": "trixie"}, "is for debian trixie on amd64, and this machine is debian"),
        ({"architecture": "arm64"}, "is for debian bookworm on arm64, and this machine is debian"),
        ({"python": "3.13"}, "is for Python 3.13, which debian bookworm on amd64 has, and this"),
        ({"format": 0, "version": "9.1"}, "was made by opendata-hub 9.1, and needs that"),
        ({"room": {"program": 10**15, "images": 0}}, "GB free, and what "),
    ],
)  # fmt: skip
def test_a_machine_that_it_is_not_for_is_told(
    tmp_path: Path, more: dict[str, Any], said: str
) -> None:
    """Before all of it is read: another release, processor or Python, and a disk too small."""
    assert said in refusal(bundle(tmp_path, **more))


def test_a_folder_goes_where_hub_yaml_has_it(tmp_path: Path) -> None:
    """As it was, links too; what is there already stays as it is."""
    with used(bundle(tmp_path), lambda line: None) as found:
        found.place_folders(lambda line: None)
        target = places.CONFIG / "data/mine"
        assert (target / "2016/events.csv").read_bytes() == EVENTS
        assert (target / "latest").readlink() == Path("2016")
        (target / "2016/events.csv").write_text("mine")
        found.place_folders(lambda line: None)

    assert (target / "2016/events.csv").read_text() == "mine"
    assert [path.name for path in target.parent.iterdir()] == ["mine"]


def test_a_folder_is_on_the_disk_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut leaves no empty files in what the next run takes for whole."""
    flushed, flush = set(), os.fsync

    def noted(number: int) -> None:
        flushed.add(os.fstat(number).st_ino)
        flush(number)

    monkeypatch.setattr(os, "fsync", noted)
    with used(bundle(tmp_path), lambda line: None) as found:
        found.place_folders(lambda line: None)

    target = places.CONFIG / "data/mine"
    parts = (target.parent, target, target / "2016", target / "2016/events.csv")
    assert {path.stat().st_ino for path in parts} <= flushed


def test_what_is_fetched_comes_without_network(tmp_path: Path) -> None:
    """Its files are checked against hub.yaml once more; another dataset is left to `data fetch`."""
    cms = fetched(tmp_path / "disk/cms", EVENTS)
    with used(bundle(tmp_path), lambda line: None) as found:
        found.bring_datasets({"cms": cms, "other": fetched(tmp_path / "other", b"")}, print)

    place = cms.share.place
    assert place and (place / "events.csv").read_bytes() == EVENTS
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["cms"]
    assert not (tmp_path / "other").exists()


def test_what_is_not_as_hub_yaml_says_is_refused(tmp_path: Path) -> None:
    """The bundle was packed with another hub.yaml: nobody gets to see that."""
    cms = fetched(tmp_path / "disk/cms", b"other events")

    with used(bundle(tmp_path), lambda line: None) as found, pytest.raises(OpenDataError):
        found.bring_datasets({"cms": cms}, lambda line: None)

    assert cms.share.place is None


def test_datasets_that_do_not_fit_are_told_before(tmp_path: Path) -> None:
    """Nothing is written then."""
    large = {"mine": {"size": 10**15, "path": "data/mine"}}
    with (
        used(bundle(tmp_path, datasets=large), lambda line: None) as found,
        pytest.raises(MachineError, match=r"has .* free, and this needs about"),
    ):
        found.place_folders(lambda line: None)

    assert not list(places.CONFIG.iterdir())


def test_only_what_is_here_can_be_packed(tmp_path: Path) -> None:
    """What the program brings by itself goes with the program."""
    here = tmp_path / "here"
    here.mkdir()
    sample = Dataset(path=places.ASSETS / "datasets/sample")
    packed = Contents((), {"here": Dataset(path=here), "sample": sample}, tmp_path)
    lost = Contents((), {"cms": fetched(tmp_path / "cms", EVENTS)}, tmp_path)

    assert list(packed.carried()) == ["here"]
    with pytest.raises(MachineError, match=r"Dataset 'cms' in .* is not here; get it first: "):
        lost.carried()


@pytest.mark.parametrize(("here", "wanted"), [(b"", EVENTS), (EVENTS, b"newer events")])
def test_only_what_is_whole_and_wanted_can_be_packed(
    tmp_path: Path, here: bytes, wanted: bytes
) -> None:
    """Damaged or of another day: where it goes nobody could mend it."""
    (tmp_path / "events.csv").write_bytes(EVENTS)
    bring("cms", fetched(tmp_path / "cms", EVENTS), tmp_path)
    packed = Contents((), {"cms": fetched(tmp_path / "cms", EVENTS)}, tmp_path)
    assert list(packed.carried()) == ["cms"]
    (tmp_path / "cms/current/events.csv").write_bytes(here)

    with pytest.raises(MachineError) as refused:
        Contents((), {"cms": fetched(tmp_path / "cms", wanted)}, tmp_path).carried()

    assert str(refused.value) == (
        f"Dataset 'cms' in {tmp_path}/cms is damaged, or not what hub.yaml asks for now; get it "
        "first: opendata-hub data fetch cms"
    )


def test_a_file_that_cannot_be_read_is_named() -> None:
    """And not the stick that the bundle goes to."""
    unreadable = Path("/sys/class/net/lo/speed")  # can be opened, but not read: lo has none
    writer = Writer(io.BytesIO(), {}, lambda done, total: None, 0)

    with pytest.raises(MachineError, match=f"{unreadable} cannot be read: Invalid argument"):
        writer.add(unreadable, "speed")


def test_a_file_that_becomes_shorter_is_told(tmp_path: Path) -> None:
    """Somebody works in the dataset while it is packed."""
    file = tmp_path / "growing"
    file.write_bytes(bytes(100))

    class Shrinking(io.BytesIO):
        def write(self, content: Any) -> int:
            if content.startswith(b"growing"):  # its head: what follows is its content
                file.write_bytes(b"")
            return super().write(content)

    writer = Writer(Shrinking(), {}, lambda done, total: None, 0)

    with pytest.raises(MachineError, match="growing became shorter while it was packed"):
        writer.add(file, "growing")


def test_bootstrap_opens_it_with_the_code_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real_machine: dict[str, str]
) -> None:
    """Before there is anything of us on the machine: by the distribution's Python alone."""
    bootstrap = load_bootstrap(tmp_path, monkeypatch)

    package = bootstrap.unpack(str(bundle(tmp_path, **real_machine)))

    assert package == "opendata-hub==1"
    assert os.environ["PIP_FIND_LINKS"] == f"{tmp_path}/opt/bundle/wheels"
    assert [path.name for path in (tmp_path / "opt").iterdir()] == ["bundle"]


def test_bootstrap_runs_no_damaged_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so instead; and it passes on why a bundle is not for this machine."""
    bootstrap, file = load_bootstrap(tmp_path, monkeypatch), bundle(tmp_path, release="sarge")

    with pytest.raises(bootstrap.Failed, match="is for debian sarge on amd64, and this machine"):
        bootstrap.unpack(str(file))
    spoil(file, offset(file, CODE) + 9)
    with pytest.raises(bootstrap.Failed, match="is damaged, or no bundle"):
        bootstrap.unpack(str(file))
    with pytest.raises(bootstrap.Failed, match="cannot be read: No such file"):
        bootstrap.unpack(str(tmp_path / "nothing.tar"))
