"""What the verbs of ``opendata-hub class`` share: the hub's classes, and how they are changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from opendata_hub.cli.start import CONFIG, find_config
from opendata_hub.errors import ConfigError
from opendata_hub.fields import nearest
from opendata_hub.settings import HubFile, Settings, load, switching
from opendata_hub.settings.classes import Class
from opendata_hub.settings.model import Hub

RESTART = (
    "The hub reads this when it starts: stop it with Ctrl-C, and start it again. Servers keep "
    "running meanwhile."
)


@dataclass(frozen=True)
class Book:
    """A hub.yaml and what it says; ``settings`` is None where there is no such file yet."""

    file: Path
    settings: Settings | None

    @property
    def entries(self) -> tuple[Class, ...]:
        """Its classes and lessons."""
        return self.settings.classes if self.settings else ()

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Its groups, those of classes among them."""
        return self.settings.groups if self.settings else {}

    @property
    def login(self) -> str:
        """How people log in."""
        return (self.settings or HubFile()).login.method

    @property
    def hub(self) -> Hub:
        """Its name and address."""
        return (self.settings or HubFile()).hub

    def students(self, name: str) -> tuple[str, ...]:
        """Users in a class."""
        return self.groups.get(name, ())

    def require(self, name: str) -> list[Class]:
        """
        Return the entries of a class.

        Raises:
            ConfigError: there is none of that name.
        """
        found = [entry for entry in self.entries if entry.key == name]
        if not found:
            known = list(dict.fromkeys(entry.key for entry in self.entries))
            raise ConfigError(
                f"There is no class '{name}' in {self.file}; there is: "
                f"{', '.join(known) or 'none'}.{nearest(name, known)}"
            )
        return found

    def write(self, text: str) -> Settings:
        """
        Replace hub.yaml by this text, and check it; with a fault, it is as it was.

        Raises:
            ConfigError: a fault, or it cannot be written.
        """
        before = self.file.read_text("utf-8") if self.file.exists() else None
        if before is None:
            _begin(self.file)
        switching.write(self.file, text)
        try:
            return load(self.file)
        except ConfigError:
            if before is None:
                self.file.unlink()
            else:
                switching.write(self.file, before)
            raise


def book(config: Path | None) -> Book:
    """
    Read hub.yaml: the one given, else the one found; one that is not there may be made.

    Raises:
        ConfigError: it has a fault.
    """
    file = config or find_config() or CONFIG
    return Book(file, load(file) if config or file.exists() else None)


def _begin(file: Path) -> None:
    try:
        file.touch()
    except OSError as error:
        raise ConfigError(f"{file} cannot be made: {error.strerror}.") from None
