"""A certificate that an administrator brings in files."""

from pathlib import Path

import trustme

from tests.hubs import wait_for
from tests.tls.house import HOST, House, running


def test_a_given_certificate_is_shown_and_a_newer_one_taken(hub: int, tmp_path: Path) -> None:
    """What replaces it is taken by itself if it is good; if not, the former one stays."""
    authority = trustme.CA()
    files = {"certificate": tmp_path / "hub.pem", "key": tmp_path / "hub.key"}
    house = House(tmp_path, hub, **files)
    _bring(authority.issue_cert("elsewhere.example"), **files)
    with running(house):
        house.wait_until_told("is for elsewhere.example, not for hub.localtest")
        _bring(authority.issue_cert(HOST), **files)
        first = house.wait_until_open()
        assert not house.problem

        files["key"].write_text("no key")
        house.wait_until_told("The new certificate is not taken")
        assert house.shown() == first

        _bring(authority.issue_cert(HOST), **files)
        house.wait_until_open(other_than=first)
        with house.client(authority.cert_pem.bytes().decode()) as browser:
            assert browser.get("/hub/login").status_code == 200
        wait_for(lambda: not house.problem, "nothing is wrong any more")


def _bring(issued: trustme.LeafCert, certificate: Path, key: Path) -> None:
    chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
    certificate.write_bytes(chain)
    key.write_bytes(issued.private_key_pem.bytes())
