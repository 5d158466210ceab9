"""An administrator's own hub, with the few lines that the package asks for."""

from ipaddress import ip_network

import docker

from tests.conftest import STARTER
from tests.hubs import RunningHub

LINES = """
c.JupyterHub.spawner_class = "opendata"
c.OpenDataSpawner.catalogue = "catalogue.yaml"
c.JupyterHub.hub_ip = "{gateway}"
"""
"""All that the documentation asks for; what is beside them in the file is the tests' own."""

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


class ExistingHub(RunningHub):
    """A hub that knows nothing of hub.yaml: the package's lines in a configuration of its own."""

    def configuration(self) -> str:
        """Write the catalogue, and the configuration with the package's lines."""
        (self.folder / "catalogue.yaml").write_text(CATALOGUE)
        return self.any_hub() + LINES.format(gateway=_gateway(self.client))


def _gateway(client: docker.APIClient) -> str:
    """Address of this machine on the engine's default network."""
    (pool,) = client.inspect_network("bridge")["IPAM"]["Config"]
    # An engine that has just been installed does not tell; then it is the first address.
    return str(pool.get("Gateway") or next(ip_network(pool["Subnet"]).hosts()))
