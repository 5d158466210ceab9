"""What `opendata-hub start` says of an https address."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

from opendata_hub.cli import gate, welcome
from opendata_hub.cli.gate import Gate
from opendata_hub.errors import MachineError
from opendata_hub.machine import ports
from opendata_hub.settings import Settings, load
from opendata_hub.settings.state import State
from tests.ports import free_ports

FILE = """
images: [{{slug: a, display_name: A, image: example.org/a:1}}]
hub: {{url: "https://localhost:{port}"}}
https: {{authority: lan}}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A hub at an https address where nobody is."""
    (tmp_path / "hub.yaml").write_text(FILE.format(port=free_ports(1)[0]))
    State(tmp_path).caddy.mkdir(parents=True)
    return load(tmp_path / "hub.yaml")


def test_a_taken_port_keeps_the_hub_from_starting(settings: Settings) -> None:
    """Who has it is said, and that ours needs it; of the inner ports too."""
    (inner,) = free_ports(1)
    for port in (settings.hub.port, inner):
        with closing(socket.create_server(("127.0.0.1", port))):
            with pytest.raises(MachineError) as caught:
                Gate(settings).prepare([inner])
            said = str(caught.value)
        assert said.startswith(f"Port {port} is taken by ")
        assert f"; {settings.hub.url} needs it. End that program" in said


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        (ports.ROOT_ONLY, "sudo ./start, or write a port from 1024 on into hub.url"),
        ("is taken by caddy (process 7)", "sudo systemctl disable --now caddy"),
        ("is taken by nginx (process 7)", "sudo systemctl disable --now NAME"),
    ],
)
def test_what_frees_a_port_depends_on_who_has_it(taken: str, words: str) -> None:
    """A service that is only killed comes back."""
    assert words in gate._mend(taken)


def test_an_address_that_does_not_answer_is_not_praised(settings: Settings) -> None:
    """The reason stands under it; one of an earlier run is forgotten."""
    entrance = Gate(settings)
    problem = State(settings.folder).caddy / "problem"
    assert not entrance.is_settled()
    problem.write_text("The authority is away.")
    assert entrance.is_settled()
    said = welcome.lines(settings, True, [], entrance)

    assert said[1:4] == [
        f"The hub runs at {settings.hub.url}",
        "It does not answer there yet. The authority is away.",
        "Once that is mended, it answers there by itself.",
    ]
    assert not any("plain HTTP" in line for line in said)
    entrance.prepare([])
    assert not problem.exists() and not entrance.is_settled()


def test_a_preview_has_no_such_address(settings: Settings) -> None:
    """It answers on this machine only, unencrypted."""
    said = welcome.lines(settings, False, [])

    assert said[1] == f"The hub runs at http://localhost:{settings.hub.ports.pages}"
