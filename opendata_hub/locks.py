"""Locks: the digest that each name of a catalogue stands for, in a file beside it."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from ruamel.yaml import YAML

from opendata_hub.errors import ConfigError
from opendata_hub.fields import Matching, Model, check, read_yaml

_HEAD = """\
# What the images of the catalogue are, by digest, instead of what their tags mean today.
# Made by `opendata-hub images lock`; `images rollback` swaps digest and previous. Keep it with
# the catalogue.
"""

Digest = Annotated[
    str,
    Matching(r"sha256:[0-9a-f]{64}", "write sha256: and 64 digits, or run `images lock` anew"),
]


class Pin(Model):
    """What one name stands for."""

    digest: Digest = Field(description="The image that is pulled and started.")
    previous: Digest | None = Field(None, description="The one before, for a way back.")

    def moved(self, digest: str) -> "Pin":
        """Return the pin on another image, with this one to go back to."""
        return self if digest == self.digest else Pin(digest=digest, previous=self.digest)

    def back(self) -> "Pin":
        """Return the pin on the image before, with this one to go forward to; self where none."""
        return self.moved(self.previous) if self.previous else self


class Lock(Model):
    """The content of a lock file."""

    images: dict[str, Pin] = Field({}, description="Pins by reference, as the catalogue has it.")

    def with_pins(self, pins: dict[str, Pin]) -> "Lock":
        """Return the lock with these pins instead of those of the same names."""
        return Lock(images={**self.images, **pins})

    def without(self, references: set[str]) -> "Lock":
        """Return the lock without these names."""
        kept = {name: pin for name, pin in self.images.items() if name not in references}
        return Lock(images=kept)


def beside(path: Path) -> Path:
    """Where the lock of a catalogue is, or would be: ``catalogue.lock`` for ``catalogue.yaml``."""
    return path.with_suffix(".lock")


def read(path: Path) -> Lock:
    """
    Read a lock file; none is an empty lock.

    Raises:
        ConfigError: it cannot be read, or holds something else.
    """
    return check(Lock, read_yaml(path), path.name) if path.exists() else Lock()


def write(path: Path, lock: Lock) -> None:
    """
    Write a lock file in one piece; one that is empty goes.

    Raises:
        ConfigError: the folder or the disk does not let us.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        if not lock.images:
            path.unlink(missing_ok=True)
            return
        with part.open("w", encoding="utf-8") as stream:
            stream.write(_HEAD)
            _yaml().dump(lock.model_dump(exclude_none=True), stream)
        part.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; mend that.") from None


def _yaml() -> YAML:
    """One key a line, so that a change of one image is a change of one line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width = False, 1000
    return yaml
