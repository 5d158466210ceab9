"""The command ``link``."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from opendata_hub.cli import main

HUB = """
hub: {url: "http://lab.example.org:8000"}
images:
  - {slug: starter, display_name: Starter, image: "example.org/a:1"}
  - {slug: staff, display_name: Staff, image: "example.org/b:1", groups: [staff]}
"""


@pytest.fixture(autouse=True)
def _hub_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hub.yaml").write_text(HUB)


def link(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["link", *arguments])


def test_the_link_alone_is_printed() -> None:
    """Scripts get one line, and nothing is said where nothing is wrong."""
    made = link("--image", "starter", "--open", "welcome.ipynb")

    assert made.exit_code == 0
    assert made.stdout == (
        "http://lab.example.org:8000/hub/lesson?image=starter&open=welcome.ipynb\n"
    )
    assert made.stderr == ""


@pytest.mark.parametrize(("name", "start"), [("qr.svg", b"<?xml"), ("QR.PNG", b"\x89PNG")])
def test_the_code_becomes_a_picture(name: str, start: bytes) -> None:
    """The name's end says which kind."""
    assert link("--qr", name).exit_code == 0
    assert Path(name).read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--image", "startr"], "There is no image 'startr'"),
        (["--image", "startr"], "Did you mean 'starter'?"),
        (["--repo", "--upload-pack=x"], "write the address of a git repository"),
        (["--qr", "qr.jpg"], "--qr is 'qr.jpg'; write a name that ends in .svg or .png."),
        (["--qr", "nowhere/qr.svg"], "nowhere/qr.svg cannot be written: No such file"),
    ],
)
def test_what_cannot_work_is_refused(arguments: list[str], words: str) -> None:
    """A sentence on stderr, exit code 1, and no link that somebody could use all the same."""
    refused = link(*arguments)

    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert words in refused.stderr


def test_a_link_for_members_only() -> None:
    """The link is made, and says whom it does not let in."""
    made = link("--image", "staff")

    assert made.exit_code == 0
    assert made.stderr == "Warning: Only members of staff may start staff.\n"


def test_a_link_to_localhost() -> None:
    """It would lead each student to their own machine, so the warning names the setting."""
    Path("hub.yaml").write_text(HUB.replace("lab.example.org", "localhost"))

    assert "works on this machine only, since hub.url is http://localhost" in link().stderr


def test_a_repository_that_does_not_answer() -> None:
    """The link is made, as the class's network may reach more, with git's own reason."""
    made = link("--repo", "git://127.0.0.1:9/course")

    assert made.exit_code == 0
    assert made.stderr.startswith("Warning: git://127.0.0.1:9/course does not answer: ")
    assert "Connection refused" in made.stderr


def test_without_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that cannot ask does not warn."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert link("--repo", "git://127.0.0.1:9/course").stderr == ""
