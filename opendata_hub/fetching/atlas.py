"""ATLAS Open Data: the list of files that a dataset has, as ATLAS's own client knows it."""

import importlib
import sys
from typing import Any

from opendata_hub.datasets import Atlas, names
from opendata_hub.errors import ConfigError, DataError
from opendata_hub.fetching.listing import Listing
from opendata_hub.fields import check

_CLIENT = "atlasopenmagic"


def resolve(wanted: Atlas, source: str) -> Listing:
    """
    Ask for the files of a dataset.

    ATLAS says no checksums: the sums of what comes are kept from then on.

    Args:
        source: what the list says of where it is from.

    Raises:
        DataError: the client is not installed, knows no such dataset, or gets no answer.
    """
    client = _client()
    try:
        client.set_verbosity("error")
        if wanted.release:
            client.set_release(wanted.release)
        found = client.get_urls(
            str(wanted.dataset), skim=wanted.skim, protocol="https", cache=False
        )
        files = [{"name": names.last_of(url), "url": url} for url in found]
        return check(Listing, {"source": source, "files": files}, f"ATLAS {wanted.dataset}")
    except ConfigError as error:
        raise DataError(f"The list of ATLAS cannot be used: {error}") from None
    except Exception as error:  # the client raises what its libraries do
        raise DataError(f"ATLAS's list of {wanted.dataset} cannot be had: {_line(error)}") from None


def _client() -> Any:
    try:
        return importlib.import_module(_CLIENT)
    except ImportError:
        raise DataError(
            f"For `atlas` the package {_CLIENT} is needed; install it: {sys.executable} -m pip "
            "install 'opendata-hub[data]'"
        ) from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
