"""The commands of the pipelines for makers of images, run on a fork of the collection."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import httpx
import pytest
from docker.errors import NotFound
from ruamel.yaml import YAML

from opendata_hub.settings import load
from tests.conftest import remove_image
from tests.registries import Registry

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "images" / "ci"
ELSEWHERE = {"Install opendata-hub", "Log in"}
"""Steps that set a fresh machine up, which this one is not."""

TRIVY_VOLUME = "opendata-hub-trivy"
SCANNER = """ENTRYPOINT ["sh", "-c", "\
test -S /var/run/docker.sock && test -e /ci/.trivyignore && echo scanned: \\"$@\\"", "trivy"]"""


def scripts(kind: str) -> list[str]:
    """What a pipeline has a shell run on one runner, each as its runner would."""
    yaml = YAML(typ="safe", pure=True)
    if kind == "gitlab":
        return ["\n".join(yaml.load(TEMPLATES / "gitlab-ci.yml")["images"]["script"])]
    steps = yaml.load(TEMPLATES / "github-workflow.yml")["jobs"]["images"]["steps"]
    return [
        step["run"] for step in steps if step.get("name", "") not in ELSEWHERE and "run" in step
    ]


@dataclass
class Fork:
    """A site's own collection, with one image."""

    folder: Path
    slug: str
    registry: Registry
    scanner: str

    @property
    def prefix(self) -> str:
        """Where it is published."""
        return f"localhost:{self.registry.port}/class"

    def run(self, kind: str) -> str:
        """Run a pipeline's commands; return all that they printed."""
        programs = [str(self.folder / "bin"), str(Path(sys.executable).parent)]
        environment = {
            **os.environ,
            "PATH": os.pathsep.join([*programs, os.environ["PATH"]]),
            "REGISTRY": self.prefix,
            "TRIVY": self.scanner,
            "PUBLISH": "yes",
            "ANEW": "",
        }
        printed = ""
        for script in scripts(kind):
            done = subprocess.run(
                ["bash", "-eo", "pipefail", "-c", script], cwd=self.folder, env=environment,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            printed += done.stdout
            assert done.returncode == 0, f"{script}\n{printed}"
        print(printed)
        return printed

    def digest(self) -> str:
        """Of its image, as the registry has it."""
        answer = httpx.head(
            f"http://127.0.0.1:{self.registry.port}/v2/class/{self.slug}/manifests/1",
            headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"},
        )
        return str(answer.raise_for_status().headers["Docker-Content-Digest"])


@pytest.fixture
def fork(
    tmp_path: Path,
    client: docker.APIClient,
    source: Registry,
    build: Callable[..., str],
    new_name: Callable[[str], str],
) -> Iterator[Fork]:
    """A fork whose collection is one small image; nothing of it is left on the engine."""
    slug = new_name("astro")
    images: Path = tmp_path / "images"
    shutil.copytree(TEMPLATES, images / "ci")
    (images / slug).mkdir()
    (images / slug / "Dockerfile").write_text("FROM opendata-hub/base:1\nENV COURSE=stars\n")
    (images / slug / "verify").write_text('#!/bin/sh\necho "course: $COURSE"\n')
    (images / slug / "verify").chmod(0o755)
    (images / "catalogue.yaml").write_text(
        f"# Our own.\n- slug: {slug}\n  display_name: Stars\n"
        f"  image: opendata-hub/{slug}:1\n  build: {slug}\n  memory: 1G\n"
    )
    (tmp_path / "hub.yaml").write_text("")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (tmp_path / "bin" / "sudo").chmod(0o755)
    scanner = build(SCANNER, base="opendata-hub/debian:bookworm")
    had_volume = _has_volume(client)
    yield Fork(tmp_path, slug, source, scanner)
    remove_image(client, f"opendata-hub/{slug}:1")
    if not had_volume and _has_volume(client):
        client.remove_volume(TRIVY_VOLUME)


def _has_volume(client: docker.APIClient) -> bool:
    try:
        client.inspect_volume(TRIVY_VOLUME)
    except NotFound:
        return False
    return True


def test_a_collection_is_built_proved_scanned_and_published(
    fork: Fork, client: docker.APIClient
) -> None:
    """By GitLab, then by GitHub, which takes what is the same; hubs get digests."""
    printed = fork.run("gitlab")

    assert f"does not have {fork.slug}:1: it will be made" in printed
    assert f"Building opendata-hub/{fork.slug}:1" in printed
    remove_image(client, f"opendata-hub/{fork.slug}:1")
    again = fork.run("github")

    assert f"Building opendata-hub/{fork.slug}:1" not in again
    for said in (printed, again):
        assert f"\n{fork.slug} fits.\n" in said
        assert f"{fork.slug}: course: stars" in said
        assert "scanned: image --scanners vuln" in said
        assert f"--no-progress opendata-hub/{fork.slug}:1" in said
    assert f"{fork.slug}: still {fork.digest()}" in again
    published = fork.folder / "published"
    entry = {"slug": fork.slug, "display_name": "Stars", "memory": "1G"}
    written = YAML(typ="safe", pure=True).load(published / "catalogue.yaml")
    assert written == [{**entry, "image": f"{fork.prefix}/{fork.slug}:1"}]
    (image,) = load(published / "hub.yaml").catalogue.images
    assert image.reference == f"{fork.prefix}/{fork.slug}@{fork.digest()}"


def test_an_image_that_does_not_fit_stops_the_pipeline(fork: Fork) -> None:
    """Nothing of it is published, and which one it was is said."""
    recipe = fork.folder / "images" / fork.slug / "Dockerfile"
    recipe.write_text(recipe.read_text() + 'CMD ["false"]\n')

    with pytest.raises(AssertionError, match=f"FAILED: {fork.slug}"):
        fork.run("gitlab")
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        fork.digest()
