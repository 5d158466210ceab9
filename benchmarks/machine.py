"""What the numbers come from: the machine, the versions, and the image."""

import hashlib
import io
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import docker

BASE = "opendata-hub/base:1"
_NEWEST = "FROM {image}\nRUN pip install --upgrade 'jsonschema[format-nongpl]'\n"
_HERE = ("opendata-hub", "jupyterhub", "dockerspawner")
_THERE = ("jupyterlab", "jupyterhub", "jsonschema")
_ASK = f"""
import json, platform
from importlib.metadata import version
versions = {{name: version(name) for name in {_THERE}}}
print(json.dumps({{"python": platform.python_version(), **versions}}))
"""


def plain_image(client: docker.APIClient, base: str = BASE) -> str:
    """
    Return an image as ``pip install jupyterlab jupyterhub`` makes one, which stays for next time.

    The catalogue's own keep an older jsonschema, with which plain starts are quicker, too.
    """
    lines = _NEWEST.format(image=base)
    made_of = client.inspect_image(base)["Id"] + lines
    name = f"opendata-hub/benchmark:{hashlib.sha256(made_of.encode()).hexdigest()[:12]}"
    if not client.images(name):
        content = io.BytesIO(lines.encode())
        for event in client.build(fileobj=content, tag=name, rm=True, decode=True):
            assert "error" not in event, event
    return name


def facts(client: docker.APIClient, image: str) -> dict[str, Any]:
    """Describe machine, engine, versions and image; numbers of two that differ do not compare."""
    engine = client.info()
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(engine["MemTotal"] / 1e9, 1),
        "system": platform.freedesktop_os_release()["PRETTY_NAME"],
        "kernel": platform.release().partition("-")[0],
        "engine": f"{engine['ServerVersion']}, {engine['Driver']}, cgroup v"
        + engine.get("CgroupVersion", "1"),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _HERE},
        "image": {"name": image, **_versions(client, image)},
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "unknown")


def _versions(client: docker.APIClient, image: str) -> dict[str, str]:
    made = client.create_container(image, entrypoint=["python3", "-c", _ASK], command=[])
    try:
        client.start(made["Id"])
        assert client.wait(made["Id"])["StatusCode"] == 0, client.logs(made["Id"])
        versions: dict[str, str] = json.loads(client.logs(made["Id"], stderr=False))
    finally:
        client.remove_container(made["Id"], force=True)
    return versions
