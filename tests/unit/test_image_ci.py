"""The pipelines for makers of images say what GitLab and GitHub understand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "images" / "ci"
GITLAB = ["vendor.gitlab-ci", "--data-transform", "gitlab-ci", "gitlab-ci.yml"]
GITHUB = ["vendor.github-workflows", "github-workflow.yml"]


@pytest.mark.parametrize("arguments", [GITLAB, GITHUB], ids=["gitlab", "github"])
def test_a_pipeline_fits_its_schema(arguments: list[str]) -> None:
    """The schemas are those that check-jsonschema brings along."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *arguments]
    done = subprocess.run(command, cwd=TEMPLATES, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["gitlab-ci.yml", "github-workflow.yml"])
def test_a_pipeline_has_the_hub_of_the_recipes(name: str) -> None:
    """Until a site changes it, its images are those that this repository proves."""
    recipe = (ROOT / "images" / "base" / "Dockerfile").read_text("utf-8")
    (version,) = re.findall(r"^ARG JUPYTERHUB_VERSION=(\S+)$", recipe, re.MULTILINE)

    assert f'JUPYTERHUB_VERSION: "{version}"' in (TEMPLATES / name).read_text("utf-8")


def test_what_others_wrote_is_pinned() -> None:
    """Actions by commit, the scanner by digest: a tag that is moved changes nothing."""
    texts = [(TEMPLATES / name).read_text("utf-8") for name in (GITLAB[-1], GITHUB[-1])]

    uses = re.findall(r"uses: (\S+)", texts[1])
    assert uses and all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one) for one in uses)
    for text in texts:
        assert re.search(r"TRIVY: aquasec/trivy:[\d.]+@sha256:[0-9a-f]{64}\n", text)
