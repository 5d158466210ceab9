"""The commands ``check`` and ``schema``."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from opendata_hub import __version__
from opendata_hub.cli import main

CATALOGUE = "images: [{slug: a, display_name: A, image: example.org/a:1}]"


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return CliRunner()


def test_a_fine_file_gets_a_summary(runner: CliRunner, tmp_path: Path) -> None:
    """One line says what the hub would offer."""
    (tmp_path / "data").mkdir()
    (tmp_path / "hub.yaml").write_text(
        f"{CATALOGUE}\ngroups: {{a: [anna], b: []}}\ndatasets: {{here: data}}"
    )
    result = runner.invoke(main, ["check"])

    assert result.exit_code == 0
    assert result.stdout == (
        "hub.yaml is fine: 1 image, 1 dataset, 2 groups, login by native, "
        "at http://localhost:8000.\n"
    )


def test_groups_are_left_out_of_the_summary_where_there_are_none(
    runner: CliRunner, tmp_path: Path
) -> None:
    """What a class does not use is not counted."""
    (tmp_path / "my.yaml").write_text(CATALOGUE)

    assert runner.invoke(main, ["check", "my.yaml"]).stdout == (
        "my.yaml is fine: 1 image, 0 datasets, login by native, at http://localhost:8000.\n"
    )


def test_each_fault_is_a_line_on_stderr(runner: CliRunner, tmp_path: Path) -> None:
    """Faults leave stdout empty and end with exit code 1."""
    (tmp_path / "hub.yaml").write_text(f"{CATALOGUE}\nlimits: {{cpu: 0, memory: 1}}")
    result = runner.invoke(main, ["check"])

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        "hub.yaml: limits.memory is 1; write a number with K, M, G or T, such as 4G.\n"
        "hub.yaml: limits.cpu is 0; write a number above 0.\n"
    )


def test_a_missing_file_is_a_fault(runner: CliRunner) -> None:
    """The check needs a file to check."""
    result = runner.invoke(main, ["check", "none.yaml"])

    assert result.exit_code == 1
    assert result.stderr == "none.yaml does not exist; check the path, or make the file.\n"


def test_a_check_leaves_no_trace(runner: CliRunner, tmp_path: Path) -> None:
    """Nothing is started and nothing written."""
    (tmp_path / "hub.yaml").write_text(CATALOGUE)
    runner.invoke(main, ["check"])

    assert [file.name for file in tmp_path.iterdir()] == ["hub.yaml"]


def test_the_schema_describes_every_key(runner: CliRunner) -> None:
    """Editors show a sentence for each key, and mark unknown ones."""
    schema = json.loads(runner.invoke(main, ["schema"]).stdout)

    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["title"] == "hub.yaml"
    for model in (schema, *schema["$defs"].values()):
        assert model["additionalProperties"] is False
        assert model["description"]
        for name, key in model["properties"].items():
            assert key.get("description") or "$ref" in key, name


def test_the_schema_takes_what_people_write(runner: CliRunner) -> None:
    """Short forms are in the schema too: a dataset as a path, images as a path, sizes as texts."""
    schema = json.loads(runner.invoke(main, ["schema"]).stdout)
    keys = schema["properties"]
    dataset = next(iter(keys["datasets"]["patternProperties"].values()))

    assert {"type": "string"} in dataset["anyOf"]
    assert any({"type": "string"} in [option, *option.get("anyOf", [])]
               for option in keys["images"]["anyOf"])  # fmt: skip
    assert schema["$defs"]["Limits"]["properties"]["memory"]["default"] == "2G"


def test_the_version_is_told(runner: CliRunner) -> None:
    """``--version`` says which version this is."""
    assert __version__ in runner.invoke(main, ["--version"]).stdout


def test_data_that_is_not_here_yet_is_no_fault(runner: CliRunner, tmp_path: Path) -> None:
    """A hub starts without it; the command that gets it is named."""
    (tmp_path / "hub.yaml").write_text(f"{CATALOGUE}\ndatasets: {{cms: {{record: 1}}}}")

    result = runner.invoke(main, ["check"])

    assert result.exit_code == 0
    assert result.stdout.splitlines()[1] == (
        "Not here yet, and servers start without: cms. Get it: opendata-hub data fetch cms"
    )
