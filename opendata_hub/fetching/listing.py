"""Which files a dataset has: resolved once, and kept beside them."""

import hashlib
import json
import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from opendata_hub.datasets import names
from opendata_hub.datasets.entry import Adler32, Sha256, Url
from opendata_hub.datasets.names import FileName
from opendata_hub.errors import ConfigError, DataError
from opendata_hub.fields import Count, Matching, Model, check

_LARGEST = 2**28  # bytes; a list of a million files


class Piece(Model):
    """One file, as far as somebody has said what it is."""

    name: FileName
    url: Url | None = None
    size: Count | None = Field(None, ge=0)
    sha256: Sha256 | None = None
    adler32: Adler32 | None = None

    @property
    def sum(self) -> tuple[str, str]:
        """The algorithm of its checksum, the stronger one of two, and the sum; "" if unknown."""
        if self.sha256 or not self.adler32:
            return "sha256", self.sha256 or ""
        return "adler32", self.adler32

    @property
    def has_sum(self) -> bool:
        """Whether anybody has said its checksum."""
        return bool(self.sum[1])


class Listing(Model):
    """
    All files of a dataset.

    Attributes:
        source: what it was made from, in words; another source is another list.
        files: in any order.
        made_of: digest of the list that was asked for, where sums were added to it later.
    """

    source: str
    files: tuple[Piece, ...]
    made_of: Annotated[str, Matching("([0-9a-f]{16})?", "write the digest of a list")] = ""

    @model_validator(mode="after")
    def _fits_into_a_folder(self) -> "Listing":
        if not self.files:
            raise ValueError("it has no files")
        if twice := names.clash(piece.name for piece in self.files):
            raise ValueError(f"two of its files are called {twice!r}")
        return self

    @cached_property
    def digest(self) -> str:
        """Name of this very content: the same wherever the files come from."""
        facts = sorted((piece.name, piece.sum[1] or piece.url or "") for piece in self.files)
        return self.made_of or hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]

    @property
    def size(self) -> int | None:
        """Bytes of all together; None where some are not known."""
        sizes = [piece.size for piece in self.files if piece.size is not None]
        return sum(sizes) if len(sizes) == len(self.files) else None


def read(file: Path) -> Listing | None:
    """
    Read a list; None where there is none.

    Raises:
        DataError: it cannot be read, or is none of ours.
    """
    try:
        if file.stat().st_size > _LARGEST:
            raise ValueError
        return check(Listing, json.loads(file.read_bytes()), str(file))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from None
    except (ConfigError, ValueError, RecursionError):
        raise DataError(f"{file} is no list of files; remove it, and fetch anew.") from None


def write(file: Path, listing: Listing) -> None:
    """
    Write a list in one piece, for everyone to read.

    Raises:
        OSError: the folder or the disk does not let us.
    """
    keep(file, listing.model_dump(exclude_defaults=True))


def keep(file: Path, plain: Any) -> None:
    """
    Write JSON in one piece, for everyone to read.

    Raises:
        OSError: the folder or the disk does not let us.
    """
    draft = file.with_name(f"{file.name}.new")
    with draft.open("w", encoding="utf-8") as stream:
        json.dump(plain, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    draft.chmod(0o644)
    draft.replace(file)
