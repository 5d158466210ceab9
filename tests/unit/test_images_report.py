"""The state of the service as JSON, and for Prometheus."""

import json
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from opendata_hub.engine import PullProgress
from opendata_hub.services.images.config import Config
from opendata_hub.services.images.disk import Disk
from opendata_hub.services.images.keeper import Keeper
from opendata_hub.services.images.report import Report
from opendata_hub.services.images.shelf import State
from opendata_hub.services.images.students import Students

DIGEST = f"sha256:{'1' * 64}"
CATALOGUE = [
    {"slug": "root", "display_name": "ROOT", "image": "example.org/root:1"},
    {"slug": "ml", "display_name": "ML", "image": f"example.org/ml@{DIGEST}"},
    {"slug": "new", "display_name": "New", "image": "example.org/new:1"},
    {"slug": "own", "display_name": "Own", "image": "example.org/own:1"},
]


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    """One image is being pulled, one is here, one is not looked at yet, one has failed."""
    config = Config.model_validate({"catalogue": CATALOGUE})
    client = docker.DockerClient("unix:///nowhere", version="1.41")  # nobody asks it
    students = Students("http://127.0.0.1/hub/api", "")
    keeper = Keeper(config, client, client.api, students, Disk(None, 0.85))
    keeper.shelf.take(config.images())
    root, ml, _, own = keeper.shelf.entries.values()
    root.begin(State.PULLING)
    root.follow(PullProgress(0, 9000), now=0.0)
    root.follow(PullProgress(4000, 9000), now=10.0)
    ml.succeed(5_000_000, due=900.0)
    own.fail("no such image.", now=90.0)
    keeper.counts.update(pulled=3, failed=1)
    yield keeper
    client.close()


def _report(keeper: Keeper) -> Report:
    return Report(keeper, {"ml": 2, "": 1}, now=95.0)


def test_the_report_is_json(keeper: Keeper) -> None:
    """It tells of each image where it stands, and of the disk and the whole."""
    keeper.fault = "The catalogue has a fault."
    report = json.loads(json.dumps(_report(keeper).plain()))

    assert [image["state"] for image in report["images"]] == [
        "pulling", "present", "unknown", "failed"
    ]  # fmt: skip
    assert report["disk"] == {"used": 0.0, "watermark": 0.85, "free": None}
    assert report["fault"] == "The catalogue has a fault."


def test_a_pull_is_told_in_bytes_and_seconds(keeper: Keeper) -> None:
    """How far, how fast, how long; nothing of the kind where none is under way."""
    pulled, here, *_ = _report(keeper).plain()["images"]

    assert pulled["pull"] == {
        "done": 4000, "total": 9000, "rate": 400, "seconds_left": 12, "unpacking": False
    }  # fmt: skip
    assert pulled["size"] is None
    assert here["pull"] is None


def test_an_image_that_is_here(keeper: Keeper) -> None:
    """Its size, its exact reference, and how many servers run it."""
    here = _report(keeper).plain()["images"][1]

    assert here == {
        "slug": "ml",
        "display_name": "ML",
        "image": f"example.org/ml@{DIGEST}",
        "state": "present",
        "size": 5_000_000,
        "asked": False,
        "can_be_asked_for": False,
        "users": 2,
        "pull": None,
        "step": "",
        "failure": "",
        "tries": 0,
        "next_try": None,
    }


def test_a_failure_says_why_and_when_the_next_try_is(keeper: Keeper) -> None:
    """In seconds from now, and never before it."""
    failed = _report(keeper).plain()["images"][3]

    assert (failed["failure"], failed["tries"], failed["next_try"]) == ("no such image.", 1, 5)
    assert Report(keeper, {}, now=999.0).plain()["images"][3]["next_try"] == 0


def test_a_build_tells_its_step(keeper: Keeper) -> None:
    """Its last line, and none of it afterwards."""
    entry = keeper.shelf.entries["own"]
    entry.begin(State.BUILDING)
    entry.say("  Step 2/3 : RUN make\n")

    assert _report(keeper).plain()["images"][3]["step"] == "Step 2/3 : RUN make"
    entry.succeed(1, due=1.0)
    assert _report(keeper).plain()["images"][3]["step"] == ""


def test_prometheus_reads_it_too(keeper: Keeper) -> None:
    """The names are those of the documentation; bytes of pulls only where there are pulls."""
    lines = _report(keeper).metrics().decode().splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))

    assert {name: float(value) for name, value in values.items()} == {
        **{f'opendata_hub_image_present{{image="{slug}"}}': here for slug, here in PRESENT.items()},
        **{f'opendata_hub_image_size_bytes{{image="{slug}"}}': 5e6 * here
           for slug, here in PRESENT.items()},
        **{f'opendata_hub_image_servers{{image="{slug}"}}': 2 * here
           for slug, here in PRESENT.items()},
        'opendata_hub_image_pull_done_bytes{image="root"}': 4000,
        'opendata_hub_image_pull_total_bytes{image="root"}': 9000,
        'opendata_hub_images_work_total{what="pulled"}': 3,
        'opendata_hub_images_work_total{what="built"}': 0,
        'opendata_hub_images_work_total{what="failed"}': 1,
        'opendata_hub_images_work_total{what="gave way"}': 0,
        'opendata_hub_images_work_total{what="removed"}': 0,
        "opendata_hub_images_disk_used_ratio": 0,
    }  # fmt: skip


PRESENT = {"root": 0, "ml": 1, "new": 0, "own": 0}


def test_the_disk_is_measured(tmp_path: Path) -> None:
    """Shares of what people without root can use; bytes to come count as if they were there."""
    disk = Disk(tmp_path, 0.85)
    free = disk.free

    assert free is not None and free > 0
    assert 0 < disk.used < 1
    assert disk.is_too_full(more=free)
    assert Disk(tmp_path, 0.0).is_too_full()
    assert not Disk(tmp_path, 1.0).is_too_full()
