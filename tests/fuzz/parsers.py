"""Everything that this project reads, in one list: what comes in, and how it may be refused."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import ValidationError

from opendata_hub import catalogue, downstream, fields, form, locks, registries, rosters
from opendata_hub.audit import Ledger, sentence
from opendata_hub.backup import contents, manifest, vault
from opendata_hub.backup.journal import Journal
from opendata_hub.datasets import names
from opendata_hub.diagnosis import refused
from opendata_hub.engine import memory, ooms, usage
from opendata_hub.engine.pulls import Tally
from opendata_hub.errors import OpenDataError
from opendata_hub.fetching import listing, records
from opendata_hub.lessons import read as read_link
from opendata_hub.machine.network import resolvers, targets
from opendata_hub.services.culling import jupyter
from opendata_hub.services.culling.kept import Kept
from opendata_hub.services.culling.pages import Told
from opendata_hub.services.homes import paths
from opendata_hub.services.https import journal as caddy
from opendata_hub.settings import audit as audits
from opendata_hub.settings import load
from opendata_hub.storage.moves import Move
from opendata_hub.storage.records import FOLDER, Record, Records
from tests.fuzz.strategies import ODD, changed, json_like, like, mangled, texts, values


class Parser(NamedTuple):
    """
    Something that is read.

    Attributes:
        parse: what reads it; its result does not matter.
        given: what it is given.
        refusals: how it may refuse, each time with a sentence.
    """

    name: str
    parse: Callable[[Any], object]
    given: SearchStrategy[Any]
    refusals: tuple[type[Exception], ...] = (OpenDataError,)


def in_file(read: Callable[[Path], object], name: str = "file.json") -> Callable[[bytes], object]:
    """Return what has the bytes read from a file, in a folder of their own."""

    def parse(content: bytes) -> object:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, name)
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)
            return read(file)

    return parse


CATALOGUE = """
- slug: root
  display_name: ROOT
  image: quay.io/jupyter/root:1
  default: true
  memory: 2G
  cpu: 1.5
  groups: [staff]
  environment: {A: b}
- {slug: own, display_name: Own, build: /tmp, image: "own:1", tags: [x], default_url: /lab}
"""
HUB = """
hub: {title: Ours, url: "http://lab.example.org:8000"}
site: {http_proxy: "http://proxy:3128", no_proxy: [.example.org]}
login: {method: native, admins: [anna]}
groups: {physics: [anna, ben]}
images:
  - {slug: a, display_name: A, image: "x:1"}
registries: {r.example.org: {username: u, password: p}}
custom_image: quay\\.io/.*
datasets:
  tmp: /tmp
  exam: {path: /tmp, groups: [physics]}
  cms: {record: 12341}
  atlas: {atlas: {dataset: 301204, skim: 3lep}}
  files: {files: [{url: "https://a.org/b", adler32: "0a1b2c3d", size: 5, name: c/b}]}
homes: {storage: volume, snapshots: {daily: 7}}
classes:
  - {name: T, group: physics, image: a, start: 2026-11-24 14:00, end: 2026-11-24 16:00}
culling: {idle: 2h, busy: 12h, groups: {physics: false}}
limits: {memory: 2G, cpu: 2, processes: 100}
audit: {keep: 30d, size: 5M}
"""
DIGEST = "sha256:" + "0123456789abcdef" * 4
LOCK = f"images: {{'quay.io/jupyter/root:1': {{digest: '{DIGEST}', previous: '{DIGEST}'}}}}"
ROSTER = "Vorname;Nachname;E-Mail-Adresse\nAnna;Müller;anna@example.org\nBen;;ben@example.org\n"
STATS = {
    "memory_stats": {"usage": 5, "stats": {"inactive_file": 3}},
    "cpu_stats": {"cpu_usage": {"total_usage": 10}},
}
LISTED = {"Id": "abc", "Names": ["/x"], "Labels": {memory.PROMISED: "512"}}
OOM = {"Actor": {"ID": "abc", "Attributes": {"image": "x"}}, "timeNano": 1}
NEWS = [
    {"status": "Pulling fs layer", "id": "a"},
    {"status": "Downloading", "id": "a", "progressDetail": {"current": 1, "total": 5}},
    {"status": "Extracting", "id": "a", "progressDetail": {"current": 2}},
    {"status": "Pull complete", "id": "a"},
]
KERNEL = {"last_activity": "2026-11-22T10:00:00.000000Z", "execution_state": "busy"}
LIFE = {"status": dict(KERNEL), "kernels": [dict(KERNEL)], "terminals": [dict(KERNEL)]}
INDEX = {
    "version": 1, "host": "h", "software": {"a": "1"}, "folder": "/f", "config": "c", "port": 1,
    "storage": "btrfs", "homes": [{"user": "a", "files": 1, "size": 2}], "datasets": {},
    "images": ["x"],
}  # fmt: skip
EVENT = {
    "time": "2026-11-22T10:00:00.000Z",
    "event": "user-made",
    "by": "service:x",
    "users": ["a"],
}
REMOTE = {
    "uri": "root://eospublic.cern.ch//eos/a/b.root", "size": 5, "checksum": "adler32:0a1b2c3d",
    "availability": "online",
}  # fmt: skip
PORTAL = {"metadata": {"files": [REMOTE], "_file_indices": [{"files": [REMOTE]}], "_files": [{}]}}
FILES = {"source": "x", "files": [{"name": "a/b", "url": "https://a.org/b", "adler32": "0a1b2c3d"}]}
PLACES = {"kind": "btrfs", "path": "/x", "identity": "i", "former": [["volume", ""]]}
CHOICES = catalogue.load([{"slug": "a", "display_name": "A", "image": "x:1"}])
RULES = (r"quay\.io/.*", r"([a-z]+/?)+:latest", r"(a|a)*b", r"(.*)*x", r"([a-z0-9]+[./:-]?)*!")
REFERENCE = st.from_regex(r"\A[a-z0-9./:@_-]{0,300}\Z") | texts


def _feed(news: Any) -> object:
    tally = Tally()
    for event in news if isinstance(news, list) else [news]:
        tally.feed(event)
    return tally.progress


def _life(told: Any) -> object:
    """As :func:`jupyter.ask` does: it takes each of these for an answer that is none."""
    with suppress(*jupyter._NONSENSE):
        now = datetime.now(timezone.utc)
        return jupyter.read(told["status"], told["kernels"], told["terminals"], now)
    return None


def _records(file: Path) -> object:
    return Records(file.parent.parent).read()


def _ledger(file: Path) -> object:
    return [sentence(entry) for entry in Ledger(file, 10**6, 10**9).read()]


def _restored(file: Path) -> object:
    return Journal(file.parent.parent).done


def _move(file: Path) -> object:
    return Move(file)._read()


def _caddy(line: str) -> object:
    entry, log = caddy.read(line), caddy.Journal("lab.example.org")
    return caddy.is_success(entry), caddy.last_words(entry), log.failure(entry)


def _options(options: Any) -> object:
    return form.check(options, CHOICES, ["staff"], r"quay\.io/.*")


def _form(data: Any) -> object:
    return _options(form.read_form(data))


def _link(query: Any) -> object:
    return read_link(query).place


def _own(given: tuple[str, str]) -> object:
    reference, rule = given
    return form.check({"custom_image": reference}, CHOICES, [], rule)


def _words(text: str) -> object:
    return refused("X", text).student


queries = st.dictionaries(
    st.sampled_from(["image", "repo", "branch", "open", "opne"]) | texts,
    st.lists(texts, min_size=1, max_size=2),
    max_size=4,
)
forms = st.dictionaries(
    st.sampled_from(["image", "custom_image", "from_page", "opt-image", "_xsrf"]) | texts,
    st.lists(texts | st.binary(max_size=5), max_size=2),
    max_size=4,
)
long_words = st.builds(lambda word, n: word * n, texts, st.integers(0, 2000))

PARSERS = (
    Parser("hub.yaml", in_file(load, "hub.yaml"), like(HUB)),
    Parser("catalogue", in_file(catalogue.load, "catalogue.yaml"), like(CATALOGUE)),
    Parser("lock", in_file(locks.read, "catalogue.lock"), like(LOCK)),
    Parser("YAML", in_file(fields.read_yaml), st.binary(max_size=200) | ODD.map(str.encode)),
    Parser("roster", lambda given: rosters.read(given, "list"), mangled(ROSTER.encode())),
    Parser("options", _options, values | changed({"image": "a", "custom_image": "b"})),
    Parser("form", _form, forms),
    Parser("link", _link, queries),
    Parser("own image", _own, st.tuples(REFERENCE | long_words, st.sampled_from(RULES))),
    Parser("registry", registries.host_of, texts | REFERENCE),
    Parser("size", fields.parse_size, values, (ValueError,)),
    Parser("duration", fields.parse_duration, values, (ValueError,)),
    Parser("percent", fields.parse_percent, values, (ValueError,)),
    Parser("moment", fields.parse_moment, values | st.datetimes(), (ValueError,)),
    Parser("target", targets.read, values, (ValueError,)),
    Parser("resolv.conf", in_file(resolvers._nameservers), mangled(b"nameserver 1.1.1.1\n")),
    Parser("resolvers", lambda given: list(resolvers._addresses(given)), st.lists(texts)),
    Parser("stats", usage.read, changed(STATS) | values),
    Parser("containers", memory.read, changed(LISTED) | values),
    Parser("events", ooms.read, changed(OOM) | values),
    Parser("pull", _feed, changed(NEWS) | values),
    Parser("refusal", _words, texts | long_words),
    Parser("Jupyter", _life, changed(LIFE) | values),
    Parser("page", Told.model_validate_json, json_like({"focused": True}), (ValidationError,)),
    Parser("kept", in_file(lambda file: Kept(file, 1.0, 2.0)), json_like({"a": 1.5})),
    Parser("record", in_file(_records, f"{FOLDER}/a.json"), json_like(Record("a").__dict__)),
    Parser("move", in_file(_move), json_like({"anna": {"marks": "x"}})),
    Parser("manifest", in_file(manifest.read), mangled(DIGEST[7:].encode() + b"  a/b\n" * 2)),
    Parser("index", lambda given: contents.parse(given, "x"), json_like(INDEX)),
    Parser("journal", in_file(_restored, ".restore/journal.json"), json_like({"run": "x"})),
    Parser("run", vault.moment, texts),
    Parser("digests", in_file(audits._read), json_like({"hub": "x"})),
    Parser("audit", in_file(_ledger), json_like(EVENT)),
    Parser(
        "certificates",
        _caddy,
        texts | json_like({"msg": "will retry"}).map(lambda told: told.decode("utf-8", "replace")),
    ),
    Parser("path", paths.read, texts),
    Parser("portal", lambda given: records.read(given, 1, "x"), changed(PORTAL) | values),
    Parser("files", in_file(listing.read), json_like(FILES)),
    Parser("file name", names.is_safe, texts),
    Parser("forwarded", lambda given: downstream._client(given, "127.0.0.1", True), texts),
)
