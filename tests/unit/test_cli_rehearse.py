"""The command ``rehearse``, as far as it goes without a hub."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from opendata_hub.cli import main
from tests.ports import free_hub_port

HUB = """
hub: {{url: "http://localhost:{port}"}}
images: [{{slug: starter, display_name: Starter, image: "example.org/a:1"}}]
"""


@pytest.fixture(autouse=True)
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Where the hub of hub.yaml would answer, if it ran."""
    monkeypatch.chdir(tmp_path)
    port = free_hub_port()
    Path("hub.yaml").write_text(HUB.format(port=port))
    return port


def rehearse(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["rehearse", *arguments])


def test_a_hub_that_does_not_run_is_told_with_how_to_start_it(port: int) -> None:
    """The address is the one that was tried; nothing is written."""
    done = rehearse()

    assert done.exit_code == 1
    assert f"No hub answers at http://127.0.0.1:{port}. Start it" in done.stderr
    assert [path.name for path in Path.cwd().iterdir()] == ["hub.yaml"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--users", "0"], "Invalid value for '--users'"),
        (["--patience", "soon"], "'soon'; write a number with s, m, h or d"),
        (["--image", "startr"], "Did you mean 'starter'?"),
        (["--notebook", "no.ipynb"], "no.ipynb cannot be read"),
        (["--config", "no.yaml"], "no.yaml"),
    ],
)
def test_what_cannot_be_played_is_told(arguments: list[str], words: str) -> None:
    """Before anybody asks whether the hub runs."""
    done = rehearse(*arguments)

    assert done.exit_code
    assert words in done.stderr
