"""A dataset in hub.yaml: a folder that is there, or what is to be fetched into one."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from opendata_hub.datasets import names
from opendata_hub.datasets.names import FileName
from opendata_hub.datasets.share import Share
from opendata_hub.fields import Count, Matching, Model, hidden_fault

DatasetName = Annotated[
    str,
    Matching(
        r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?",
        "write up to 64 lower-case letters, digits, dots and dashes, such as cms-2012",
    ),
]

_URL = "write an address that begins with http:// or https://"


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise ValueError(_URL) from None
    if parts.username is not None:
        raise hidden_fault(f"{_URL}, without a user and password")
    if parts.scheme not in ("http", "https") or not has_host or not value.isprintable():
        raise ValueError(_URL)
    return value


def _bare(algorithm: str) -> BeforeValidator:
    """Take a sum as lists of others have it, too: ``adler32:0A1B2C3D``."""

    def bare(value: Any) -> Any:
        if isinstance(value, int | float):  # of its zeros in front YAML has left none
            raise ValueError("write it in quotes: it looks like a number")
        return value.lower().removeprefix(f"{algorithm}:") if isinstance(value, str) else value

    return BeforeValidator(bare, json_schema_input_type=str)


Url = Annotated[str, AfterValidator(_url)]
Sha256 = Annotated[str, Matching(r"[0-9a-f]{64}", "write 64 hexadecimal digits"), _bare("sha256")]
Adler32 = Annotated[
    str, Matching(r"[0-9a-f]{8}", "write 8 hexadecimal digits, in quotes"), _bare("adler32")
]


class File(Model):
    """One file of a dataset, and where it comes from."""

    url: Url = Field(description="Where it is, http:// or https://.")
    sha256: Sha256 | None = Field(
        None, description="Its checksum, as `sha256sum` prints it. This one or `adler32` is needed."
    )
    adler32: Adler32 | None = Field(
        None, description="Its checksum as CERN's storage has it: 8 hexadecimal digits, in quotes."
    )
    size: Count | None = Field(
        None, ge=0, description="Its bytes; the server is asked for what is not written."
    )
    name: FileName | None = Field(
        None,
        description="Its name below `/data/<name>`, such as `2016/events.root`; the last part of "
        "the URL unless written.",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> "File":
        if not self.sha256 and not self.adler32:
            raise ValueError("write its checksum: sha256, as `sha256sum` prints it, or adler32")
        if self.name is None and not names.is_safe(names.last_of(self.url)):
            raise ValueError("its URL ends in no name of a file; write a name")
        return self

    @property
    def called(self) -> str:
        """Its name below the dataset's folder."""
        return self.name or names.last_of(self.url)


class Atlas(Model):
    """A dataset of ATLAS Open Data, by the names of its client ``atlasopenmagic``."""

    dataset: str | Count = Field(description="Its number or its short name, such as 301204.")
    release: str | None = Field(
        None, description="Such as `2025e-13tev-beta`; the client's own choice unless written."
    )
    skim: str = Field("noskim", description="A selection of its events, such as `exactly4lep`.")


class Dataset(Model):
    """One shared folder."""

    path: Path = Field(
        default_factory=Path,
        description="The folder on this machine; relative to hub.yaml. For what is fetched it may "
        "be left out: it is `datasets/<name>` beside hub.yaml, or in `/var/lib/opendata-hub` for a "
        "hub that is installed.",
    )
    groups: tuple[str, ...] = Field((), description="Only these groups see it; empty: everyone.")
    files: tuple[File, ...] = Field(
        (), description="Files that `opendata-hub data fetch` downloads, each with its checksum."
    )
    record: Count | None = Field(
        None,
        ge=1,
        description="Number of a record of the CERN Open Data portal, whose files are fetched.",
    )
    atlas: Atlas | None = Field(
        None, description="A dataset of ATLAS Open Data, whose files are fetched."
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> "Dataset":
        sources = [bool(self.files), self.record is not None, self.atlas is not None]
        if sum(sources) > 1:
            raise ValueError("write one of files, record and atlas")
        if not any(sources) and not self.has_path:
            raise ValueError("write a path, or what is to be fetched: files, record or atlas")
        if twice := names.clash(file.called for file in self.files):
            raise ValueError(f"two of its files are called {twice!r}; give one a name")
        return self

    @property
    def has_path(self) -> bool:
        """Whether somebody has said where it is."""
        return "path" in self.model_fields_set

    @property
    def is_fetched(self) -> bool:
        """Whether its files are downloaded; else the folder is just there."""
        return bool(self.files) or self.record is not None or self.atlas is not None

    @property
    def share(self) -> Share:
        """What servers see of it."""
        return Share(path=self.path, groups=self.groups, fetched=self.is_fetched)
