"""ATLAS Open Data: the list of files that a dataset has, as ATLAS's own client knows it."""

from opendata_hub.datasets import Atlas, names
from opendata_hub.errors import ConfigError, DataError
from opendata_hub.fetching.listing import Listing
from opendata_hub.fields import check


def resolve(wanted: Atlas, source: str) -> Listing:
    """
    Ask for the files of a dataset.

    ATLAS says no checksums: the sums of what comes are kept from then on.

    Args:
        source: what the list says of where it is from.

    Raises:
        DataError: the client knows no such dataset, or gets no answer.
    """
    import atlasopenmagic as client  # a third of a second, which only its lists are worth

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


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
