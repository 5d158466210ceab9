"""User-data: the one file by which any cloud makes a new machine a hub, with its cloud-init."""

import base64
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence

from opendata_hub import places
from opendata_hub.errors import MachineError
from opendata_hub.site import HERE, Site

LIMIT = 16 * 1024
"""Bytes of user-data, by the strictest of the clouds, AWS."""

PACKAGE = "opendata-hub"

_BOOTSTRAP = "bootstrap.py"
_HEAD = """\
#cloud-config
# Made by `opendata-hub cloud-init`: give it to a new machine as its user-data.
# The machine's port 80 then says how far it is.
"""
_SECRETS = """\
# It holds secrets ({}): whoever may see this machine in the cloud's console can read them.
"""


def render(
    hub_yaml: str,
    files: Mapping[str, bytes],
    site: Site,
    package: str = PACKAGE,
    data_disk: str | None = None,
    secrets: Sequence[str] = (),
) -> str:
    """
    Return user-data that installs a hub.

    Args:
        hub_yaml: text of the file.
        files: what it names, by path relative to it; they come beside it.
        site: of the same hub.yaml; what the machine needs to fetch the package.
        package: what pip takes.
        data_disk: device, or a pattern of it, as ``opendata-hub install`` takes it.
        secrets: keys of hub.yaml that hold one, for the warning at its head.

    Raises:
        MachineError: it is larger than clouds allow.
    """
    program = places.PROGRAM / _BOOTSTRAP
    named = {str(places.CONFIG / name): files[name] for name in sorted(files)}
    entries = [
        _entry(str(places.CONFIG / "hub.yaml"), "0600", hub_yaml.encode()),
        *(_entry(path, "0600", content) for path, content in named.items()),
        _entry(str(program), "0755", (places.ASSETS / _BOOTSTRAP).read_bytes()),
    ]
    command = [*_environment(site), "python3", str(program), "--package", package]
    command += ["--data-disk", data_disk] if data_disk else []
    head = _HEAD + (_SECRETS.format(", ".join(secrets)) if secrets else "")
    text = f"{head}write_files:\n{''.join(entries)}runcmd:\n- {json.dumps([*command, '--page'])}\n"
    _require_room(text, files)
    return text


def _entry(path: str, permissions: str, content: bytes) -> str:
    packed = base64.b64encode(gzip.compress(content, mtime=0)).decode()
    return (
        f"- path: {json.dumps(path)}\n  permissions: '{permissions}'\n"
        f"  encoding: gz+b64\n  content: {packed}\n"
    )


def _environment(site: Site) -> Iterator[str]:
    """Yield the words before the command by which apt and pip find the way out of a site."""
    if site.http_proxy or site.ca_bundle:
        yield "env"
    if site.http_proxy:
        yield f"http_proxy={site.http_proxy}"
        yield f"https_proxy={site.http_proxy}"
        yield f"no_proxy={','.join((*HERE, *site.no_proxy))}"
    if site.ca_bundle:
        yield f"PIP_CERT={places.CONFIG / site.ca_bundle}"


def _require_room(text: str, files: Mapping[str, bytes]) -> None:
    size = len(text.encode())
    if size <= LIMIT:
        return
    largest = sorted(files, key=lambda name: len(files[name]), reverse=True)[:3]
    what = f", such as {', '.join(largest)}" if largest else ""
    raise MachineError(
        f"The user-data would have {size} bytes, and clouds take {LIMIT}; take out of hub.yaml "
        f"what the machine can get later{what}, and add it there: edit "
        f"{places.CONFIG}/hub.yaml, then sudo opendata-hub install."
    )
