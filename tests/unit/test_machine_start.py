"""`opendata-hub start`: what it refuses before it touches the machine, and what it says."""

from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from opendata_hub import places, settings
from opendata_hub.catalogue import Image
from opendata_hub.cli import main, welcome
from opendata_hub.cli.steps import steps
from opendata_hub.errors import MachineError
from opendata_hub.install.ground import tell_of_others

starting = import_module("opendata_hub.cli.start")  # its command has the same name


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_faulty_file_is_refused_before_anything_is_installed(here: Path) -> None:
    """A typing error costs seconds, not the minutes of a set-up."""
    (here / "hub.yaml").write_text("limitz: {}\n")
    result = CliRunner().invoke(main, ["start"])
    assert result.exit_code == 1
    assert "Did you mean 'limits'?" in result.stderr and not result.stdout


def test_a_file_that_is_asked_for_must_exist(here: Path) -> None:
    """Only the hub.yaml nobody asked for may be missing."""
    result = CliRunner().invoke(main, ["start", "--config", "other.yaml"])
    assert result.exit_code == 1
    assert "other.yaml does not exist" in result.stderr


def test_the_file_in_the_working_directory_goes_first(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then those of the checkout and of the installed hub; without any the defaults hold."""
    checkout, installed = here / "checkout", here / "etc"
    monkeypatch.setattr(places, "ASSETS", checkout)
    monkeypatch.setattr(places, "CONFIG", installed)
    assert starting.find_config() is None
    for folder in (installed, checkout, here):
        folder.mkdir(exist_ok=True)
        (folder / "hub.yaml").touch()
        assert starting.find_config() == folder / "hub.yaml"


def test_stop_says_why_it_cannot(no_engine: None) -> None:
    """Without an engine there is a sentence, not a traceback."""
    result = CliRunner().invoke(main, ["stop"])
    assert result.exit_code == 1 and "does not answer" in result.stderr


def _welcome(isolated: bool, logins: list[str]) -> str:
    at_8100 = starting._at(settings.defaults(Path.cwd()), 8100)
    return "\n".join(welcome.lines(at_8100, isolated, logins))


def test_the_last_words_have_address_logins_and_the_way_to_stop(here: Path) -> None:
    """A trainer reads where to go, as whom, how to open the hub to the lab, how to stop it."""
    said = _welcome(True, ["student  abcd-efgh"])
    for words in ("http://localhost:8100", "student  abcd-efgh", "  url: http://", "plain HTTP"):
        assert words in said
    assert "opendata-hub stop" in said and "preview" not in said


def test_a_preview_says_that_it_isolates_nobody(here: Path) -> None:
    """Nobody takes a demonstration for the real thing."""
    assert "isolates nobody" in _welcome(False, [])


def test_a_hub_without_its_configuration_is_refused(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two missing lines are said."""
    ours = settings.defaults(here)
    monkeypatch.setattr(places, "ASSETS", here)
    with pytest.raises(MachineError, match=r"configure\(c\)"):
        starting._hub_config(ours)


def test_a_log_gets_steps_and_few_details(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody watches a terminal, a long step shows a sign of life every few seconds."""
    with steps() as say:
        for line in ("Building", *(f"  layer {i}" for i in range(100)), "Done"):
            say(line)
    said = capsys.readouterr().out.splitlines()
    assert said == ["Building", "  layer 0", "Done"]


def test_images_that_are_not_built_are_named_with_the_command() -> None:
    """Nothing is said where all are there."""
    said: list[str] = []
    tell_of_others([], True, said.append)
    assert not said
    lost = [Image(slug=slug, display_name=slug, image=slug) for slug in ("root", "ml")]
    for by_service in (True, False):
        tell_of_others(lost, by_service, said.append)
    assert said[0].endswith(": root, ml") and said[0] == said[2]
    assert said[1].startswith("The hub builds them while it runs;")
    assert said[3].startswith("To build them:") and said[3].endswith("opendata-hub images build")
