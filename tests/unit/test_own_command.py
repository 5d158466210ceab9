"""Commands in sentences, as this program is run."""

import sys
from pathlib import Path

import pytest

from opendata_hub import places
from opendata_hub.machine import own_command


@pytest.mark.parametrize(
    ("is_checkout", "prefix", "told"),
    [
        (
            True,
            "/srv/opendata-hub/.venv",
            ("./start --prepare", "sudo ./start --prepare", "./start", "./start --port 8100"),
        ),
        (
            False,
            "/home/anna/venv",
            (
                "opendata-hub start --prepare",
                "sudo opendata-hub start --prepare",
                "opendata-hub start",
                "opendata-hub start --port 8100",
            ),
        ),
        (
            False,
            f"{places.PROGRAM}/versions/first",
            (
                "sudo opendata-hub install",
                "sudo opendata-hub install",
                "systemctl restart opendata-hub",
                "write port 8100 into hub.url, then: sudo opendata-hub install",
            ),
        ),
    ],
    ids=["a checkout", "a package", "an installed hub"],
)
def test_a_command_is_that_of_the_way_it_was_installed(
    monkeypatch: pytest.MonkeyPatch, is_checkout: bool, prefix: str, told: tuple[str, ...]
) -> None:
    """A person can copy it."""
    monkeypatch.setattr(places, "IS_CHECKOUT", is_checkout)
    monkeypatch.setattr(sys, "prefix", prefix)

    assert told == (
        own_command.prepare(),
        own_command.prepare_as_root(),
        own_command.start(),
        own_command.another_port(8100),
    )
    assert "--prepare" not in own_command.disk("10G")
    assert own_command.disk("10G").endswith(" --make-disk 10G")
    assert Path(prefix).is_relative_to(places.PROGRAM) == own_command.is_installed()
