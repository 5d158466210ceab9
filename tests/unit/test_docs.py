"""The documentation builds, leaves nothing out, and shows nothing that does not work."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from opendata_hub import spawner
from opendata_hub.catalogue import Catalogue, Image
from opendata_hub.cli import main
from opendata_hub.fields import check
from opendata_hub.settings import HubFile, login

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
SPAWNERS = [getattr(spawner, name) for name in spawner.__all__ if name.endswith("Spawner")]


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation, built as plain text with every warning an error."""
    out = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "text"]
    built = subprocess.run(
        [*command, "-d", out / "trees", ROOT / "docs", out], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    return out


def flat(text: str) -> str:
    """Words only: how a page wraps and marks them up does not matter."""
    return " ".join(re.sub(r"[`\"*]|\\(?=[`*_])", "", text).split())


def entries(page: Path) -> dict[str, str]:
    """What a reference page says about each name that begins a line: the lines under it."""
    blocks = re.findall(r"^(\S.*)\n\n((?:   .*\n|\n)+)", page.read_text() + "\n", re.MULTILINE)
    return {name: flat(text) for name, text in blocks}


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every key that the model takes, dotted, with its description."""
    for name, field in model.model_fields.items():
        yield prefix + name, field.description or ""
        for inner in models_in(field.annotation):
            mapping = "dict" in str(field.annotation)
            yield from keys(inner, f"{prefix}{name}.{'<name>.' if mapping else ''}")


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Models that a field holds, itself or as values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


@pytest.mark.parametrize(("model", "page"), [(HubFile, "hub-yaml"), (Image, "catalogue")])
def test_every_key_of_our_files_is_described(docs: Path, model: type[BaseModel], page: str) -> None:
    """A key that people may write is on the reference page, with what it is for."""
    described = entries(docs / "reference" / f"{page}.txt")

    for key, description in keys(model):
        assert description, f"{key} has no description"
        assert flat(description) in described.get(key, ""), key


def test_every_default_is_shown(docs: Path) -> None:
    """The reference tells what holds where a key is left out."""
    described = entries(docs / "reference" / "hub-yaml.txt")

    for key in ("hub.title", "hub.url", "login.method", "limits.processes"):
        section, name = key.split(".")
        default = getattr(getattr(HubFile(), section), name)
        assert f"default {default}" in described[key]
    assert "default 2G" in described["limits.memory"]


@pytest.mark.parametrize("cls", SPAWNERS)
def test_every_trait_is_described(docs: Path, cls: Any) -> None:
    """A trait that a spawner of ours adds is on the reference page, with its whole help."""
    described = entries(docs / "reference" / "traits.txt")

    ours = [c for c in cls.__mro__ if c.__module__.startswith("opendata_hub.")]

    for name, trait in ((n, t) for c in ours for n, t in c.class_own_traits(config=True).items()):
        assert trait.help, f"{cls.__name__}.{name} has no help"
        told = [described.get(f"{c.__name__}.{name}", "") for c in ours]
        assert any(flat(trait.help) in text for text in told), name


def commands(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command under a group, and those under it."""
    for name, command in group.commands.items():
        yield prefix + name, command
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")


def test_every_command_is_described(docs: Path) -> None:
    """A command is on the reference page with its help, its arguments and its options."""
    page = flat((docs / "reference" / "cli.txt").read_text())

    for name, command in commands(main):
        assert f"opendata-hub {name} " in page
        assert command.help
        assert flat(command.help) in page, name
        for parameter in command.params:
            assert parameter.opts[0] in page or parameter.make_metavar(click.Context(command))
            if isinstance(parameter, click.Option):
                assert flat(parameter.help or "missing help") in page, parameter.opts


def examples(kind: str) -> list[Any]:
    """Blocks of YAML on any page whose first line says what file they are of."""
    pattern = re.compile(rf"^```yaml\n# {re.escape(kind)}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    texts = [text for page in PAGES for text in pattern.findall(page.read_text())]
    return [YAML(typ="safe", pure=True).load(text) for text in texts]


@pytest.mark.parametrize("raw", examples("hub.yaml"))
def test_examples_of_hub_yaml_are_accepted(raw: Any) -> None:
    """What the pages tell people to write into hub.yaml passes its own check."""
    file = check(HubFile, raw, "the example")

    assert list(login.faults(file, "the example")) == []


@pytest.mark.parametrize("raw", examples("catalogue.yaml"))
def test_examples_of_a_catalogue_are_accepted(raw: Any) -> None:
    """What the pages tell people to write into a catalogue passes its own check."""
    assert check(Catalogue, {"images": raw}, "the example").images


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A link or a picture that names a file of the repository finds it."""
    for target in re.findall(r"\]\(([^)\s#]+)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), target
