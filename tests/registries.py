"""A real image registry on loopback, with images of random bytes in it."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bcrypt
import docker
import httpx
import trustme

from tests.hubs import wait_for
from tests.ports import free_ports

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
USER, PASSWORD = "puller", "let-me-in"


@dataclass(frozen=True)
class Pushed:
    """An image in a registry."""

    name: str
    """Without host: "lesson:1"."""
    digest: str
    """Of its manifest: "sha256:..."."""
    size: int
    """Bytes of its layers, compressed."""

    def at(self, port: int) -> str:
        """Its reference, as seen at a port of loopback."""
        return f"localhost:{port}/{self.name}"

    def digest_at(self, port: int) -> str:
        """Its reference by digest."""
        return f"localhost:{port}/{self.name.split(':')[0]}@{self.digest}"


@dataclass(frozen=True)
class Registry:
    """A registry that listens on ``port`` of loopback and keeps its images in ``folder``."""

    port: int
    folder: Path
    login: bool = False

    def push_random(self, name: str, layers: Sequence[int | bytes]) -> Pushed:
        """
        Put in an image, its layers so many random bytes each; it can be pulled, not run.

        A layer that several images share is made by :func:`random_layer` before.
        """
        host = f"http://127.0.0.1:{self.port}"
        with httpx.Client(base_url=host, auth=(USER, PASSWORD)) as http:
            made = (
                layer if isinstance(layer, bytes) else random_layer(f"{name}-{i}", layer)
                for i, layer in enumerate(layers)
            )
            return _push(http, name, list(made))

    def push(self, client: docker.APIClient, reference: str, name: str) -> None:
        """Put in an image that the engine has, under a name such as "lesson:1"."""
        theirs = f"localhost:{self.port}/{name}"
        client.tag(reference, theirs)
        auth = {"username": USER, "password": PASSWORD} if self.login else None
        try:
            for event in client.push(theirs, stream=True, decode=True, auth_config=auth):
                assert "error" not in event, event
        finally:
            client.remove_image(theirs, noprune=True)


@contextmanager
def registry(
    folder: Path,
    login: bool = False,
    within: Sequence[str] = (),
    port: int | None = None,
    address: str = "127.0.0.1",
    certificate: trustme.LeafCert | None = None,
) -> Iterator[Registry]:
    """
    Run Debian's docker-registry.

    Args:
        folder: for its images, configuration and log.
        login: whether it answers to USER with PASSWORD only.
        within: command that goes before its own, such as one that enters a network namespace.
        address: where it listens, instead of loopback.
        certificate: with which it speaks TLS.
    """
    port = port or free_ports(1)[0]
    config: dict[str, Any] = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        "http": {"addr": f"{address}:{port}"},
    }
    if certificate:
        chain, key = folder / "registry.pem", folder / "registry.key"
        chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        certificate.private_key_pem.write_to_path(str(key))
        config["http"]["tls"] = {"certificate": str(chain), "key": str(key)}
    if login:
        words = folder / "htpasswd"
        words.write_bytes(
            USER.encode() + b":" + bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4))
        )
        config["auth"] = {"htpasswd": {"realm": "lessons", "path": str(words)}}
    written = folder / f"registry-{port}.json"  # the registry reads YAML, which JSON is
    written.write_text(json.dumps(config))
    log = folder / f"registry-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*within, "docker-registry", "serve", str(written)],
            stdout=output, stderr=output, env={**os.environ, "OTEL_TRACES_EXPORTER": "none"},
        )  # fmt: skip
    try:
        wait_for(lambda: b"listening on" in log.read_bytes(), f"the registry listens; see {log}")
        yield Registry(port, folder, login)
    finally:
        process.terminate()
        process.wait()


def random_layer(name: str, size: int) -> bytes:
    """Make a layer with one file of random bytes."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        entry = tarfile.TarInfo(name.replace(":", "-"))
        entry.size = size
        tar.addfile(entry, io.BytesIO(os.urandom(size)))
    return plain.getvalue()


def _push(http: httpx.Client, name: str, layers: Sequence[bytes]) -> Pushed:
    repository, tag = name.split(":")
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer) for layer in layers]},
    }
    packed = [gzip.compress(layer, 1, mtime=0) for layer in layers]
    manifest = json.dumps({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _upload(http, repository, CONFIG, json.dumps(config).encode()),
        "layers": [_upload(http, repository, LAYER, layer) for layer in packed],
    }).encode()  # fmt: skip
    path = f"/v2/{repository}/manifests/{tag}"
    http.put(path, content=manifest, headers={"Content-Type": MANIFEST}).raise_for_status()
    return Pushed(name, _digest(manifest), sum(len(layer) for layer in packed))


def _upload(http: httpx.Client, repository: str, kind: str, blob: bytes) -> dict[str, Any]:
    begun = http.post(f"/v2/{repository}/blobs/uploads/").raise_for_status()
    place = httpx.URL(begun.headers["Location"]).copy_add_param("digest", _digest(blob))
    headers = {"Content-Type": "application/octet-stream"}
    http.put(place, content=blob, headers=headers).raise_for_status()
    return {"mediaType": kind, "size": len(blob), "digest": _digest(blob)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
