"""Which certificate authorities this machine trusts; images and servers trust the same."""

import hashlib
import re
import shutil
import ssl
from pathlib import Path

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from opendata_hub.errors import ConfigError, MachineError
from opendata_hub.machine import Say, packages
from opendata_hub.machine.commands import run

BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
SITE = Path("/usr/local/share/ca-certificates")

_OURS = "opendata-hub"
_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----\n.+?-----END CERTIFICATE-----\n?", re.DOTALL
)
_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
)


def variables(bundle: Path | str) -> dict[str, str]:
    """
    Return the variables by which programs trust the authorities of a file.

    For most of them it takes the place of what they trust otherwise.
    """
    return dict.fromkeys(_VARIABLES, str(bundle))


def certificates(bundle: Path) -> list[str]:
    """
    Return the certificates of a PEM file one by one, and nothing else that is in it.

    Raises:
        ConfigError: it cannot be read, or holds none; the text begins with its path.
    """
    try:
        found = _CERTIFICATE.findall(bundle.read_text("utf-8").replace("\r\n", "\n"))
        if not found:
            raise ConfigError(f"{bundle} holds no certificate in PEM form; {_CONVERT}.")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata="".join(found))
    except UnicodeDecodeError:
        raise ConfigError(f"{bundle} holds no certificate in PEM form; {_CONVERT}.") from None
    except ssl.SSLError:
        raise ConfigError(f"{bundle} holds a broken certificate; take a new copy.") from None
    except OSError as error:
        raise ConfigError(f"{bundle} cannot be read: {error.strerror}; mend that.") from None
    return [f"{text.strip()}\n" for text in found]


_CONVERT = "convert a DER file with `openssl x509 -inform der -in FILE -out FILE.pem`"


def fingerprint(site: Path | None) -> str:
    """SHA-256 over the certificates of a site's file; empty without one."""
    return hashlib.sha256("".join(certificates(site)).encode()).hexdigest() if site else ""


def combine(site: Path, target: Path) -> None:
    """
    Write the authorities that the machine trusts and the site's into one file that all can read.

    Servers that have it mounted keep what they have until they start again.

    Raises:
        ConfigError: a file cannot be read, or not be written.
    """
    ours = "".join(certificates(site))
    machines = BUNDLE if BUNDLE.exists() else Path(DEFAULT_CA_BUNDLE_PATH)
    fresh = target.with_suffix(".new")
    try:
        fresh.write_text(f"{machines.read_text('utf-8').rstrip()}\n{ours}", "utf-8")
        fresh.chmod(0o644)
        fresh.replace(target)
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror}.") from None


def adopt(site: Path | None, say: Say) -> None:
    """
    Have this machine itself trust the authorities of a site's file; without one, no more.

    Apt, git, and an engine that is started afterwards ask the machine's list alone.

    Raises:
        ConfigError: the file cannot be read, or holds none.
        MachineError: the list cannot be made.
    """
    texts = certificates(site) if site else []
    wanted = {SITE / f"{_OURS}-{number}.crt": text for number, text in enumerate(texts, start=1)}
    ours = {path: path.read_text("utf-8") for path in SITE.glob(f"{_OURS}*.crt")}
    if wanted == ours:
        return
    say(f"The machine trusts {site} now" if site else "The machine trusts no site any more")
    packages.ensure({"update-ca-certificates": "ca-certificates"}, say)
    try:
        SITE.mkdir(parents=True, exist_ok=True)
        for path in ours:
            path.unlink()
        for path, text in wanted.items():
            path.write_text(text, "utf-8")
    except OSError as error:
        raise MachineError(f"{error.filename} cannot be written: {error.strerror}.") from None
    run(["update-ca-certificates"], say)


def copy_to(root: Path, site: Path | None = None) -> None:
    """
    Copy the trusted authorities into a file tree, those of the site's file too.

    The site's own ones go there one by one too: an upgrade inside makes the bundle anew from them.
    """
    for source in (BUNDLE, SITE):
        target = root / source.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copyfile(source, target)
    if site:
        _add(root, certificates(site))


def _add(root: Path, texts: list[str]) -> None:
    folder = root / SITE.relative_to("/")
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts, start=1):
        (folder / f"site-{number}.crt").write_text(text, "utf-8")
    with (root / BUNDLE.relative_to("/")).open("a", encoding="utf-8") as bundle:
        bundle.writelines(texts)
