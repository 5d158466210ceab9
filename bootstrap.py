#!/usr/bin/env python3
"""
From an empty machine to a hub: ``sudo python3 bootstrap.py``.

Puts opendata-hub into an environment of its own below /opt/opendata-hub and runs its
``opendata-hub install``. It needs nothing but the distribution's Python, and may be run again.
How far it is stands in /run/opendata-hub/install.json, and with --page on port 80.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import html
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PROGRAM = Path("/opt/opendata-hub")
RUN = Path("/run/opendata-hub")
STATUS, PAGE_PID = RUN / "install.json", RUN / "page.pid"
SITE = Path("/usr/local/share/ca-certificates/opendata-hub.crt")
CERTIFICATE = "-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----"
TRUST = "/etc/ssl/certs/ca-certificates.crt"
STEPS = ["Python from the distribution", "opendata-hub and the libraries it needs"]
PATIENCE = 300  # seconds; a fresh machine's own updates hold apt for minutes
NOBODY = 65534

STYLE = """body{font:1.1rem/1.6 system-ui,sans-serif;max-width:36rem;margin:4rem auto}
body{padding:0 1rem}li{list-style:none;padding-left:1.6em;text-indent:-1.6em}ul{padding:0}
.waiting{color:#666}.failed{color:#b00020;font-weight:bold}.running{font-weight:bold}
@media(prefers-color-scheme:dark){body{background:#181818;color:#eee}.waiting{color:#999}
.failed{color:#ff8a80}a{color:#8ab4f8}}"""
# Between this page and the hub nobody answers for a while, or a proxy that knows no hub yet.
SCRIPT = """setInterval(async () => {
  let answer;
  try { answer = await fetch("/hub/health", {redirect: "manual", cache: "no-store"}); }
  catch { return; }
  if (!answer.headers.has("X-Install")) {
    if (answer.ok || answer.type === "opaqueredirect") location.reload();
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelector("main").replaceWith(page.querySelector("main"));
}, 3000);"""
MARKS = {"done": "✓", "running": "▸", "failed": "✗", "waiting": "·"}


def write_status(running: str | None, problem: str | None = None) -> None:
    """Write how far it is: ``running`` or the step that ended with ``problem``; None, all done."""
    at = STEPS.index(running) if running else len(STEPS)
    states = ["done"] * at + ["failed" if problem else "running"] + ["waiting"] * len(STEPS)
    now = int(time.time())
    steps = [
        {"name": name, "state": state, "since": now}
        for name, state in zip(STEPS, states, strict=False)
    ]
    RUN.mkdir(mode=0o755, exist_ok=True)
    fresh = STATUS.with_suffix(".new")
    fresh.write_text(json.dumps({"steps": steps, "problem": problem, "url": None}), "utf-8")
    fresh.chmod(0o644)
    fresh.replace(STATUS)


class Failed(Exception):
    """What could not be done, in a sentence; no secret in it, for everybody may read it."""


def run(*command: str) -> bool:
    """Run a program, whose words go where ours go; say whether it went well."""
    return subprocess.run(command, env=environment(), check=False).returncode == 0


def environment() -> dict[str, str]:
    """Ours, for apt and pip; pip has authorities of its own, a site's is only in the machine's."""
    trust = {"PIP_CERT": TRUST} if Path(TRUST).exists() else {}
    return {**trust, **os.environ, "DEBIAN_FRONTEND": "noninteractive"}


def trust_site() -> None:
    """Have the machine trust the authority in PIP_CERT, beside those that it trusts already."""
    named = os.environ.get("PIP_CERT", TRUST)
    if named != TRUST and Path(named).is_file() and shutil.which("update-ca-certificates"):
        found = re.findall(CERTIFICATE, Path(named).read_text("utf-8"), re.DOTALL)
        SITE.write_text("\n".join([*found, ""]), "utf-8")  # and no key that lies in that file
        run("update-ca-certificates")
        os.environ["PIP_CERT"] = TRUST


def unpack(bundle: str) -> str:
    """Let apt, pip and npm take all from a bundle, by the code in it; return what to install."""
    program = PROGRAM / "unpack.py"
    try:
        with tarfile.open(bundle, "r:") as tar:
            members = (tar.extractfile(tar.next() or ""), tar.extractfile(tar.next() or ""))
            about, code = (member.read() if member else b"" for member in members)
        if hashlib.sha256(code).hexdigest() != json.loads(about.partition(b"\n")[0])["unpack.py"]:
            raise ValueError
    except OSError as error:
        raise Failed(f"{bundle} cannot be read: {error.strerror}.") from None
    except (tarfile.TarError, KeyError, TypeError, ValueError):
        raise Failed(f"{bundle} is damaged, or no bundle of opendata-hub; copy it anew.") from None
    print(f"Checking and unpacking {bundle}", flush=True)  # noqa: T201
    PROGRAM.mkdir(mode=0o755, exist_ok=True)
    program.write_bytes(code)
    command = [sys.executable, program, bundle, PROGRAM / "bundle"]
    done = subprocess.run(command, capture_output=True, text=True)
    program.unlink()
    if done.returncode:
        raise Failed(done.stderr.strip())
    found = json.loads(done.stdout)
    os.environ.update(found["environment"])
    return str(found["package"])


def install_packages(names: list[str]) -> None:
    """Install Debian packages, once no other program does."""
    options = ("-q", "-o", f"DPkg::Lock::Timeout={PATIENCE}", "-o", "Acquire::Retries=3")
    end = time.monotonic() + PATIENCE
    while not run("apt-get", "update", *options) and time.monotonic() < end:
        time.sleep(5)  # it does not wait for the lock of its lists
    if not run("apt-get", "install", "--yes", "--no-install-recommends", *options, *names):
        raise Failed(
            f"apt-get could not install {' '.join(names)}; its reason is in the "
            "lines before. Can this machine reach the internet, or its mirror?"
        )


def install_python(package: str) -> None:
    """Make sure that environments can be made, and that git is there for a package of git's."""
    missing = [] if importlib.util.find_spec("ensurepip") else ["python3-venv"]
    if package.startswith("git+") and not shutil.which("git"):
        missing.append("git")
    if missing:
        install_packages([*missing, "ca-certificates"])


def install_package(package: str) -> Path:
    """Put the package into the first environment, where there is none yet; return its program."""
    current = PROGRAM / "current/bin/opendata-hub"
    # With the distribution's next release its Python is another, for which nothing is there.
    if current.exists() and run("env", str(current), "--version"):
        return current
    venv = PROGRAM / "versions/first"
    pip = (str(venv / "bin/python"), "-m", "pip", "install", "--disable-pip-version-check")
    if not run(sys.executable, "-m", "venv", "--clear", str(venv)):
        raise Failed(f"An environment for Python could not be made in {venv}.")
    if not run(*pip, "--progress-bar", "off", package):
        raise Failed(
            "pip could not install the package; its reason is in the lines before. Is its "
            "name right, and can this machine reach it?"
        )
    return venv / "bin/opendata-hub"


def read_status() -> dict[str, Any]:
    """Read how far it is; nothing yet where there is no such file."""
    try:
        status: dict[str, Any] = json.loads(STATUS.read_text("utf-8"))
        return status
    except (OSError, ValueError):
        return {}


def page(status: dict[str, Any]) -> bytes:
    """Show the steps. Everybody may see it: a problem's words stay on the machine."""
    steps = "".join(
        f'<li class="{html.escape(step["state"])}">{MARKS.get(step["state"], "·")} '
        f"{html.escape(step['name'])}</li>"
        for step in status.get("steps", ())
    )
    what = "It takes some minutes. This page goes on to the hub by itself."
    if status.get("problem"):
        what = (
            "It did not go well. On the machine, <code>sudo opendata-hub install --status</code> "
            "says why; what happened before is in <code>/var/log/cloud-init-output.log</code>."
        )
    elif url := html.escape(status.get("url") or ""):
        what = f'The hub is about to start: <a href="{url}">{url}</a>'
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Setting up</title>'
        '<meta name="viewport" content="width=device-width"><noscript>'
        f'<meta http-equiv="refresh" content="5"></noscript><style>{STYLE}</style>'
        f"<main><h1>This hub is being set up</h1><ul>{steps}</ul><p>{what}</p></main>"
        f"<script>{SCRIPT}</script>"
    ).encode()


def fingerprint(text: str) -> str:
    """Name a script or style of ours as a Content-Security-Policy does."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest())
    return f"'sha256-{digest.decode()}'"


class Page(BaseHTTPRequestHandler):
    """The page, at every address, until the hub is there."""

    server_version, sys_version = "opendata-hub", ""
    timeout = 10

    def do_GET(self) -> None:
        """Answer that the service is not there yet, and how far it is."""
        body = page(read_status())
        policy = f"default-src 'none'; style-src {fingerprint(STYLE)}; connect-src 'self'; "
        policy += f"script-src {fingerprint(SCRIPT)}; base-uri 'none'; frame-ancestors 'none'"
        self.send_response(503)
        for name, value in {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(body)),
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "Retry-After": "5",
            "X-Install": "running",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        """Say nothing: who looks at the page is nobody's business."""


def serve_page() -> None:
    """Show the page on port 80 until this process is ended, as a user who may do nothing."""
    with contextlib.suppress(OSError):  # somebody else answers there, who shall
        family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
        dual = family == socket.AF_INET6
        server = ThreadingHTTPServer(("", 80), Page, bind_and_activate=False)
        server.socket.close()
        server.socket = socket.create_server(("", 80), family=family, dualstack_ipv6=dual)
        PAGE_PID.write_text(str(os.getpid()), "utf-8")
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        server.serve_forever()


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Install opendata-hub on this machine.")
    parser.add_argument("--package", default="opendata-hub", help="what pip takes: a name with "
                        "version, a wheel's path or address, git+https://...")  # fmt: skip
    parser.add_argument("--config", help="the hub.yaml to install")
    parser.add_argument("--data-disk", help="device of the disk that shall hold homes and data")
    parser.add_argument("--bundle", help="file of `opendata-hub bundle`, in the internet's place")
    parser.add_argument("--page", action="store_true", help="show on port 80 how far it is")
    parser.add_argument("--serve-page", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Install, or say why not."""
    asked = parse()
    if sys.version_info < (3, 10) or not shutil.which("apt-get"):
        sys.exit("opendata-hub needs Debian 12, Ubuntu 22.04, or a newer one of these.")
    if os.geteuid() != 0:
        sys.exit("Only root can install programs: sudo python3 bootstrap.py")
    if asked.serve_page:
        return serve_page()
    write_status(STEPS[0])
    if asked.page:
        subprocess.Popen([sys.executable, __file__, "--serve-page"], start_new_session=True)
    step = STEPS[0]
    try:
        trust_site()
        package = unpack(asked.bundle) if asked.bundle else asked.package
        install_python(package)
        write_status(step := STEPS[1])
        program = install_package(package)
    except (Failed, OSError) as failure:
        write_status(step, str(failure))
        sys.exit(str(failure))
    write_status(None)
    names = ("config", "data_disk", "bundle")
    given = {f"--{name.replace('_', '-')}": getattr(asked, name) for name in names}
    options = [word for name, value in given.items() if value for word in (name, value)]
    sys.exit(subprocess.run([program, "install", *options], env=environment()).returncode)


if __name__ == "__main__":
    main()
