"""
The whole collection leaves the engine and comes back: pushed to a registry on loopback, removed,
brought back by the images service while a hub runs, and a student starts a server meanwhile.

Run it alone: for some minutes this machine is without its images. They keep their names in the end.
"""

import secrets
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import docker
from docker.errors import APIError

from opendata_hub import catalogue
from tests.conftest import remove_image
from tests.hubs import RunningHub, free_ports, running_hub, wait_for
from tests.registries import registry

_HUB = """
c.OpenDataSpawner.catalogue = catalogue = {catalogue!r}
c.JupyterHub.load_roles[0]["scopes"].append("access:services")
from opendata_hub.services import images
images.add(c, {port}, catalogue)
"""
_PATIENCE = 1800  # seconds


@click.command()
def main() -> None:
    """Print how long each step took."""
    client = docker.APIClient(version="auto", timeout=600)
    ours = [i.image for i in catalogue.load(Path("images/catalogue.yaml")).images if i.is_local]
    with tempfile.TemporaryDirectory() as folder, registry(Path(folder)) as store:
        began = time.monotonic()
        for image in ours:
            store.push(client, image, image.rpartition("/")[2])
        print(f"pushed {len(ours)} images in {time.monotonic() - began:.0f} s")
        theirs = {i: f"localhost:{store.port}/{i.rpartition('/')[2]}" for i in ours}
        try:
            gone = [i for i in reversed(ours) if _remove(client, i)]  # first what stands on others
            print(f"removed {', '.join(gone)}")
            _bring_back(client, Path(folder), [theirs[image] for image in reversed(gone)])
        finally:
            for image, reference in theirs.items():
                client.pull(reference)
                client.tag(reference, image)
                client.remove_image(reference)


def _remove(client: docker.APIClient, image: str) -> bool:
    """Remove an image with its layers; False where something else here stands on it."""
    try:
        remove_image(client, image)
    except APIError:
        return False
    return True


def _bring_back(client: docker.APIClient, folder: Path, references: list[str]) -> None:
    entries = [
        {"slug": name, "display_name": name, "image": reference}
        for reference in references
        for name in [reference.rpartition("/")[2].partition(":")[0]]
    ]
    extra = _HUB.format(catalogue=entries, port=free_ports(1)[0])
    with running_hub(folder, client, extra) as hub:
        began = time.monotonic()
        student = hub.add_user(f"student-{secrets.token_hex(4)}")
        start = hub.start(student, {"image": entries[0]["slug"]})
        assert start.ok, start
        print(f"a student who pressed Start at once was in after {time.monotonic() - began:.0f} s")
        for event in start.events[:: max(1, len(start.events) // 6)]:
            print(f"  {event['progress']:3} % {event['message']}")
        wait_for(lambda: all(i["state"] == "present" for i in _images(hub)), "all", _PATIENCE)
        print(f"all {len(entries)} images were back after {time.monotonic() - began:.0f} s")


def _images(hub: RunningHub) -> list[dict[str, Any]]:
    answer = hub.api.get(f"{hub.url}/services/images/api").raise_for_status()
    images: list[dict[str, Any]] = answer.json()["images"]
    return images


if __name__ == "__main__":
    main()
