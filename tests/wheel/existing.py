"""An administrator's own hub, with the lines of the how-to for existing hubs."""

import re
from ipaddress import ip_network
from textwrap import dedent

import docker

from tests.conftest import STARTER
from tests.hubs import RunningHub
from tests.wheel.environments import REPOSITORY

CATALOGUE = f"""
- slug: starter
  display_name: Scikit-HEP starter
  image: {STARTER}
  default: true
- slug: small
  display_name: Small one
  image: {STARTER}
  memory: 512M
"""


def lines_with(name: str) -> str:
    """The first lines of configuration in the how-to that set this."""
    text = (REPOSITORY / "docs/howto/existing-hub.md").read_text("utf-8")
    blocks = re.findall(r"^ *```python\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return next(dedent(block) for block in blocks if name in block)


class ExistingHub(RunningHub):
    """A hub that knows nothing of hub.yaml: the package's lines in a configuration of its own."""

    def configuration(self) -> str:
        """Write the catalogue, and the configuration with the package's lines."""
        (self.folder / "catalogue.yaml").write_text(CATALOGUE)
        lines = lines_with("spawner_class").replace("172.17.0.1", _gateway(self.client))
        lines = lines.replace("/etc/jupyterhub/", f"{self.folder}/")
        return f"{self.any_hub()}\n{lines}\n"


def _gateway(client: docker.APIClient) -> str:
    """Address of this machine on the engine's default network."""
    pool = client.inspect_network("bridge")["IPAM"]["Config"][0]
    # An engine that was never restarted does not tell; its address is the first one.
    return str(pool.get("Gateway") or next(ip_network(pool["Subnet"]).hosts()))
