"""The images of the catalogue do what they are for, as a student's container would."""

from pathlib import Path

import docker
import pytest

from opendata_hub import catalogue

ROOT = Path(__file__).parents[2]
BUILT = [i for i in catalogue.load(ROOT / "images" / "catalogue.yaml").images if i.build]


@pytest.mark.parametrize("image", BUILT, ids=lambda image: image.slug)
def test_each_image_proves_itself(image: catalogue.Image) -> None:
    """Its `verify` passes with a student's rights, memory and an empty home."""
    engine = docker.from_env()
    try:
        output = engine.containers.run(
            image.image,
            ["/verify"],
            volumes={str(image.build / "verify"): {"bind": "/verify", "mode": "ro"}},
            tmpfs={"/home/jovyan": "uid=1000,gid=100"},
            network_mode="none",
            mem_limit=image.memory,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            remove=True,
        )
        assert b"work" in output.splitlines()[-1]
    finally:
        engine.close()
