"""`opendata-hub images check` on the collection."""

from collections.abc import Callable

from click.testing import CliRunner

from opendata_hub.catalogue import Image
from opendata_hub.cli import main


def test_root_fits_with_each_of_its_kernels(built: Callable[[str], Image]) -> None:
    """Python and C++ run a line each."""
    result = CliRunner().invoke(main, ["images", "check", built("root").image])

    assert result.exit_code == 0, result.output
    assert "Kernel python3: Python 3 (ipykernel) starts and runs code." in result.stdout
    assert "Kernel root: ROOT C++ starts and runs code." in result.stdout
    assert result.stdout.endswith("\nroot fits.\n")
