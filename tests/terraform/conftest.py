"""What the tests of this tier share: plugins of the roots' providers."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.terraform import providers, roots, schemas

Plugins = dict[str, Mapping[str, str]]


@pytest.fixture(scope="session")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugins]:
    """Terraform's settings for plugins that know the schemas only, and for the real ones."""
    files = [str(schemas.FOLDER / f"{root}.json") for root in roots.NAMES]
    command = [sys.executable, str(Path(__file__).parent / "plugin.py"), *files]
    real = roots.mirror(tmp_path_factory.mktemp("real"), providers.CACHE)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin
        assert running.stdout
        schema = {"TF_REATTACH_PROVIDERS": running.stdout.readline().strip()}
        yield {"schema": schema, "real": real}
        running.stdin.close()
