"""Downloads get out of a site as all the rest does."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from opendata_hub.errors import DataError
from opendata_hub.fetching import Download, download, web
from opendata_hub.fetching.listing import Piece
from opendata_hub.fetching.part import Part
from opendata_hub.machine import trust
from opendata_hub.machine.access import Access
from opendata_hub.site import Site
from tests.data.asked import sha256
from tests.site_proxies import WORDS, SiteProxy, site_proxy, web_server

FAR = "127.0.0.2"  # 127.0.0.1 is this machine, which no proxy leads to


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[SiteProxy]:
    """The site's proxy."""
    with site_proxy(tmp_path, "127.0.0.1") as running:
        yield running


def fetch(url: str, folder: Path) -> bytes:
    """Download a file, and return it."""
    stop = threading.Event()
    piece = Piece(name="words", url=url, sha256=sha256(WORDS))
    with web.session(1) as session, Part(folder / "part", "sha256", lambda _: None, stop) as part:
        Download(session, stop).run(piece, part)
        part.finish(folder / "words")
    return (folder / "words").read_bytes()


def test_downloads_take_the_sites_proxy_and_trust_its_authority(
    proxy: SiteProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `site` in hub.yaml says; who is not trusted is named with the remedy."""
    monkeypatch.setattr(download, "PAUSE", 0.0)
    authority, bundle = trustme.CA(), tmp_path / "both.pem"
    authority.cert_pem.write_to_path(str(tmp_path / "site.pem"))
    trust.combine(tmp_path / "site.pem", bundle)
    site = Site.model_construct(http_proxy=proxy.url)

    with web_server(FAR, authority.issue_cert(FAR)) as url:
        with Access(site, {}, bundle).taken():
            assert fetch(url, tmp_path) == WORDS
        with (
            Access(site).taken(),
            pytest.raises(DataError, match=r"write site\.ca_bundle into hub"),
        ):
            fetch(url, tmp_path)

    proxy.asked(FAR)
