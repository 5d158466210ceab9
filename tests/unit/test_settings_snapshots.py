"""`homes.snapshots` in hub.yaml, and the service that it sets up."""

import json
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config as Traits

from opendata_hub.errors import ConfigError
from opendata_hub.fields import check
from opendata_hub.services import snapshots as service
from opendata_hub.services.snapshots.config import VARIABLE
from opendata_hub.settings import HubFile
from opendata_hub.settings.snapshots import config


@pytest.mark.parametrize(
    ("homes", "expected"),
    [
        ({}, (24, 7, "/hub/.hub/snapshots")),
        ({"snapshots": {"daily": 30}}, (24, 30, "/hub/.hub/snapshots")),
        (
            {"storage": "btrfs", "path": "/srv", "snapshots": {"hourly": 5}},
            (5, 7, "/srv/.snapshots"),
        ),
        ({"storage": "folder", "path": "/srv"}, (24, 7, "/srv/.snapshots")),
    ],
)  # fmt: skip
def test_hub_yaml_says_how_many(homes: dict[str, Any], expected: tuple[int, int, str]) -> None:
    """A day of hours, a week of days, beside the homes, unless it is written otherwise."""
    section = check(HubFile, {"homes": homes}, "hub.yaml").homes
    path = str(section.path or "")
    told = config(section.snapshots, section.storage, path, "", Path("/hub/.hub/snapshots"))

    assert (told.hourly, told.daily, str(told.root)) == expected
    assert (told.storage, told.path) == (section.storage, path)


def test_false_is_none() -> None:
    """One word."""
    assert not check(HubFile, {"homes": {"snapshots": False}}, "hub.yaml").homes.snapshots.enabled


@pytest.mark.parametrize(
    ("homes", "fault"),
    [
        ({"snapshots": 7}, "homes.snapshots is 7; write false, or keys such as daily: 7."),
        ({"snapshots": {"hourly": 0, "daily": 0}}, "homes.snapshots: write snapshots: false for "
         "none."),
        ({"snapshots": {"daily": 0}}, "homes: write a daily of 1 or more under snapshots, or "
         "storage: btrfs: no other storage has hourly snapshots."),
        ({"snapshots": {"weekly": 4}}, "weekly"),
    ],
)  # fmt: skip
def test_a_wrong_number_is_told_what_to_write(homes: dict[str, Any], fault: str) -> None:
    """Each fault is a sentence."""
    with pytest.raises(ConfigError) as caught:
        check(HubFile, {"homes": homes}, "hub.yaml")
    assert fault in str(caught.value)


def test_the_hub_runs_it_without_any_right(tmp_path: Path) -> None:
    """It works on the disk, and asks the hub nothing."""
    c = Traits()
    c.JupyterHub.services = []
    service.add(c, service.Config(root=tmp_path))

    (entry,) = c.JupyterHub.services
    assert json.loads(entry["environment"][VARIABLE])["root"] == str(tmp_path)
    assert c.OpenDataSpawner.home_snapshots == str(tmp_path)
    assert "load_roles" not in c.JupyterHub
