"""A hub's own network and its rules: made before it runs, proven by the doctor, removed by hand."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from click.testing import CliRunner, Result
from traitlets.config import Config

from opendata_hub.cli import main
from opendata_hub.errors import ConfigError
from opendata_hub.machine.network import name, nft
from opendata_hub.settings import isolation, load
from tests.conftest import STARTER, remove_network
from tests.engine.conftest import Run
from tests.ports import free_hub_port

PREPARE = """
import sys
from pathlib import Path
from traitlets.config import Config
from opendata_hub.settings import isolation, load
try:
    isolation.prepare(Config(), load(Path(sys.argv[1])))
except Exception as error:
    sys.exit(str(error))
"""
WITHOUT_RIGHT = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]


class Hub:
    """A hub.yaml, and what would run by it."""

    def __init__(self, folder: Path) -> None:
        self.port, self.file = free_hub_port(), folder / "hub.yaml"
        self.name = name(self.port)
        self.write()

    def write(self, **network: Any) -> None:
        """Write what servers may reach; JSON is YAML, too."""
        settings = {
            "hub": {"url": f"http://localhost:{self.port}"},
            "images": [{"slug": "starter", "display_name": "Starter", "image": STARTER}],
            "network": network,
        }
        self.file.write_text(json.dumps(settings))

    def prepare(self) -> Config:
        """Do what comes before the hub runs."""
        c = Config()
        c.JupyterHub.services = []
        isolation.prepare(c, load(self.file))
        return c

    def prepare_unprivileged(self) -> "subprocess.CompletedProcess[str]":
        """Do the same without the right to change rules, as a user of the group docker."""
        command = [*WITHOUT_RIGHT, sys.executable, "-c", PREPARE, str(self.file)]
        return subprocess.run(command, capture_output=True, text=True)

    def ask(self, *words: str) -> Result:
        """Run ``opendata-hub``."""
        words = (*words, "--config", str(self.file))
        return CliRunner().invoke(main, words, catch_exceptions=False)


@pytest.fixture
def hub(client: docker.APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that never ran, on this machine's engine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "1000")
    hub = Hub(tmp_path)
    yield hub
    remove_network(client, hub.port)


def test_rules_are_there_before_the_hub_and_go_when_hub_yaml_says_so(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a service that keeps them; ``isolate: false`` takes both away, and says so."""
    made = hub.prepare()
    assert [service["name"] for service in made.JupyterHub.services] == ["network"]
    assert hub.name in nft.listing(hub.name)

    hub.write(isolate=False)
    assert hub.prepare().JupyterHub.services == []
    assert nft.listing(hub.name) == ""
    assert "the rules of servers' network were taken away" in capsys.readouterr().out


def test_the_doctor_tries_what_servers_reach(hub: Hub) -> None:
    """Before the first start, with rules, and with rules that somebody has taken away."""
    assert "ok       Network: the hub makes it when it first starts" in hub.ask("doctor").output

    hub.prepare()
    well = hub.ask("doctor").output
    for words in (
        f"servers reach the hub at {isolation.ground(hub.name).gateway}",
        "servers do not reach each other.",
        "of this machine servers reach nothing but the hub.",
        "servers do not reach the cloud's metadata services.",
        "servers do not reach the networks around this machine.",
    ):
        assert f"ok       Network: {words}" in well, well

    nft.remove(hub.name)
    ill = hub.ask("doctor")
    assert ill.exit_code == 1
    assert "FAULT    Network: servers reach this machine (" in ill.output
    assert "Fix: sudo opendata-hub network install" in ill.output


def test_rules_by_hand(hub: Hub, client: docker.APIClient, run: Run) -> None:
    """Put in place, shown, not taken away under servers, and then gone with the network."""
    assert "it makes one then, and so does opendata-hub network install" in (
        hub.ask("network", "show").stderr
    )
    assert f"The rules of {hub.name} are in place." in hub.ask("network", "install").output
    shown = hub.ask("network", "show").output
    assert "Its rules are in place." in shown
    assert "the internet    all of it" in shown

    server = run("import time; time.sleep(600)", host={"network_mode": hub.name})
    refused = hub.ask("network", "remove")
    assert refused.exit_code == 1
    assert f"Servers stand on {hub.name}, such as {server}" in refused.stderr
    client.remove_container(server, force=True)
    assert hub.ask("network", "remove").output == (
        f"The rules of {hub.name} are gone.\nThe network {hub.name} is gone.\n"
    )
    assert not client.networks(names=[hub.name])


def test_a_hub_without_the_right_needs_rules_by_root(hub: Hub) -> None:
    """It refuses to run until root has put them in place; that they hold it tries itself."""
    refused = hub.prepare_unprivileged()
    assert refused.returncode == 1
    assert "Only root can put the network's rules in place." in refused.stderr
    assert f"network install --config {hub.file} --port {hub.port}" in refused.stderr
    assert "isolate: false under network in hub.yaml" in refused.stderr

    hub.ask("network", "install")
    accepted = hub.prepare_unprivileged()
    assert accepted.returncode == 0, accepted.stderr


def test_a_machine_without_the_program_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """And how to go on without rules."""
    monkeypatch.setattr(nft.packages, "find", lambda program: None)

    with pytest.raises(ConfigError, match=r"sudo apt-get install nftables .*isolate: false"):
        hub.prepare()
    monkeypatch.undo()


def test_a_network_of_ones_own(
    hub: Hub, client: docker.APIClient, new_name: Callable[[str], str]
) -> None:
    """A hub that has no hub.yaml gets the same rules by naming network and port."""
    own = new_name("class")
    client.create_network(own, driver="bridge")
    named = ("--network", own, "--hub-port", "8081")
    try:
        assert hub.ask("network", "install", *named).exit_code == 0
        assert "tcp dport 8081 accept" in nft.listing(f"opendata-hub-{own}")
        assert hub.ask("network", "remove", *named).output == f"The rules of {own} are gone.\n"
        assert client.networks(names=[own])
    finally:
        client.remove_network(own)
