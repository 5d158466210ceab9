"""Records of the CERN Open Data portal: the list of files that each has."""

import posixpath
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import requests
from pydantic import BaseModel

from opendata_hub.errors import ConfigError, DataError
from opendata_hub.fetching import web
from opendata_hub.fetching.listing import Listing
from opendata_hub.fields import check

PORTAL = "https://opendata.cern.ch"
_STORAGE = "root://eospublic.cern.ch/"
"""What the portal gives out by HTTP, too, under its own name."""

_ALGORITHMS = ("adler32", "sha256")


class _Entry(BaseModel):
    uri: str = ""
    size: int | None = None
    checksum: str = ""
    availability: str = "online"


class _Index(BaseModel):
    files: list[_Entry] = []


class _Metadata(BaseModel):
    files: list[_Entry] = []
    # With a name that pydantic takes for private, hence filled in by read().
    indices: list[_Index] = []
    states: list[_Entry] = []


def resolve(session: requests.Session, record: int, source: str) -> Listing:
    """
    Ask the portal which files a record has.

    Args:
        source: what the list says of where it is from.

    Raises:
        DataError: there is no such record, it has no files, they are on tape, or the portal does
            not answer.
    """
    url = f"{PORTAL}/api/records/{record}"
    try:
        answer = session.get(url, timeout=web.PATIENCE)
        if answer.status_code in (404, 410):
            raise DataError(f"{PORTAL} has no record {record}; look at the number.")
        answer.raise_for_status()
        raw = answer.json()
    except (*web.TROUBLE, ValueError, RecursionError) as error:
        raise DataError(f"{url} cannot be had: {web.reason(error)}.") from None
    return read(raw, record, source)


def read(raw: Any, record: int, source: str) -> Listing:
    """
    Read what the portal says of a record.

    Raises:
        DataError: it is nothing that we know, or has no files that can be had.
    """
    try:
        metadata = raw["metadata"]
        facts = {
            "files": metadata.get("files") or [],
            "indices": metadata.get("_file_indices") or [],
            "states": metadata.get("_files") or [],
        }
        found = check(_Metadata, facts, "it")
        _require_online(found, record)
        entries = [*found.files, *(entry for index in found.indices for entry in index.files)]
        if not entries:
            raise DataError(f"Record {record} of {PORTAL} has no files; look at the number.")
        plain = {"source": source, "files": list(_pieces(entries))}
        return check(Listing, plain, f"Record {record}")
    except (LookupError, TypeError, AttributeError, ValueError, ConfigError) as error:
        raise DataError(
            f"What {PORTAL} says of record {record} is not understood: {error}"
        ) from None


def _require_online(found: _Metadata, record: int) -> None:
    entries = (*found.states, *(entry for index in found.indices for entry in index.files))
    away = sum(entry.availability != "online" for entry in entries)
    if away:
        raise DataError(
            f"{away:,} files of record {record} are on tape. Ask for them at "
            f"{PORTAL}/record/{record}, and fetch them when they are online."
        )


def _pieces(entries: Sequence[_Entry]) -> Iterator[dict[str, Any]]:
    names = _names([entry.uri for entry in entries])
    for entry, name in zip(entries, names, strict=True):
        algorithm, _, value = entry.checksum.partition(":")
        piece = {"name": name, "url": _by_http(entry.uri), "size": entry.size}
        if algorithm in _ALGORITHMS:
            piece[algorithm] = value.zfill(8)  # the zeros in front were not always kept
        yield piece


def _by_http(uri: str) -> str:
    if uri.startswith(_STORAGE):
        return f"{PORTAL}/{quote(uri.removeprefix(_STORAGE).lstrip('/'))}"
    return uri


def _names(uris: Sequence[str]) -> list[str]:
    """Names of files: their last parts, or as much as it takes that no two are alike."""
    last = [uri.rpartition("/")[2] for uri in uris]
    if len(set(last)) == len(last):
        return last
    common = posixpath.commonpath(uris)
    return [posixpath.relpath(uri, common) for uri in uris]
