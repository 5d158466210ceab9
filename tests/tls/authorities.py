"""A real ACME authority on loopback, with a DNS of its own: Debian's pebble."""

import json
import os
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import trustme

from opendata_hub.machine import ports
from tests.hubs import PATIENCE, wait_for
from tests.ports import free_ports


class Pebble:
    """
    An authority that asks at given ports.

    Args:
        leads_to: where its DNS leads from every name.
    """

    def __init__(self, folder: Path, https: int, http: int, leads_to: str = "127.0.0.1") -> None:
        self._folder, self._leads_to = folder, leads_to
        self._port, self._admin, self._dns, self._dns_admin = free_ports(4)
        self.directory = f"https://127.0.0.1:{self._port}/dir"
        self.certificate = folder / "pebble-ca.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.certificate))
        own = authority.issue_cert("127.0.0.1")
        own.private_key_pem.write_to_path(str(folder / "pebble.key"))
        own.cert_chain_pems[0].write_to_path(str(folder / "pebble.pem"))
        self._file = folder / "pebble.json"
        self._file.write_text(json.dumps({"pebble": self._settings(https, http)}))

    def _settings(self, https: int, http: int) -> dict[str, object]:
        return {
            "listenAddress": f"127.0.0.1:{self._port}",
            "managementListenAddress": f"127.0.0.1:{self._admin}",
            "certificate": str(self._folder / "pebble.pem"),
            "privateKey": str(self._folder / "pebble.key"),
            "httpPort": http,
            "tlsPort": https,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it; each run has forgotten the one before, and has a root of its own."""
        dns = ["pebble-challtestsrv", "-management", f"127.0.0.1:{self._dns_admin}"]
        dns += ["-dns01", f"127.0.0.1:{self._dns}", "-http01", "", "-https01", "", "-tlsalpn01", ""]
        dns += ["-defaultIPv4", self._leads_to, "-defaultIPv6", ""]
        own = ["pebble", "-config", str(self._file), "-dnsserver", f"127.0.0.1:{self._dns}"]
        with self._process(dns), self._process(own):
            for port in (self._port, self._admin, self._dns_admin):
                wait_for(partial(ports.is_listening, port), f"pebble is at {port}")
            yield

    @contextmanager
    def _process(self, command: list[str]) -> Iterator[None]:
        quick = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
        with (self._folder / "pebble.log").open("ab") as log:
            process = subprocess.Popen(
                command, env={**os.environ, **quick}, stdout=log, stderr=log
            )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)

    def roots(self) -> str:
        """The root that it certifies by, in this run."""
        url = f"https://127.0.0.1:{self._admin}/roots/0"
        trust = ssl.create_default_context(cafile=self.certificate)
        return httpx.get(url, verify=trust).raise_for_status().text
