"""hub.yaml: what may stand in it, what it means, and the sentence for everything else."""

from pathlib import Path

import pytest

from opendata_hub.errors import ConfigError
from opendata_hub.settings import HubFile, Settings, defaults, load

CATALOGUE = """
- {slug: root, display_name: ROOT, image: example.org/root:1, build: root}
- {slug: exam, display_name: Exam, image: example.org/exam:1, groups: [physics]}
"""

TOP = ", ".join(HubFile.model_fields)
NO_IMAGES = "write the path of a catalogue file, or a list of images"
URL = "write an address such as https://hub.example.org, http://lab-server or http://localhost:8000"
PORT = "write a port from 1 to 65454"
PROXY = "write an address with a port, such as http://proxy.example.org:3128"
LOGIN = "write hosts, and under each its username and password_file"
NO_QUOTA = (
    "write storage: btrfs, and a path on btrfs, for a quota: a data disk, or a file that ./start "
    "offers to make; other storages have none"
)
LOST = "image 'exam' is for the group 'physics', which groups does not define; known: "

FAULTS = {
    "hbu: {}": f"hbu is not a known key; known here: {TOP}. Did you mean 'hub'?",
    "[]": "the file is an empty list; write keys and values.",
    "just words": "the file is 'just words'; write keys and values.",
    "hub: {titel: x}": (
        "hub.titel is not a known key; known here: title, url, plain_http. Did you mean 'title'?"
    ),
    "hub: {title: ''}": "hub.title is empty; write something.",
    "hub: {url: lab}": f"hub.url is 'lab'; {URL}.",
    "hub: {url: 'http://'}": f"hub.url is 'http://'; {URL}.",
    "hub: {url: 'http://lab/hub'}": f"hub.url is 'http://lab/hub'; {URL}.",
    "hub: {url: 'http://me@lab'}": f"hub.url is 'http://me@lab'; {URL}.",
    "hub: {url: 'ftp://lab'}": f"hub.url is 'ftp://lab'; {URL}.",
    "hub: {url: 'http://lab:0'}": f"hub.url is 'http://lab:0'; {PORT}.",
    "hub: {url: 'http://lab:x'}": f"hub.url is 'http://lab:x'; {PORT}.",
    "hub: {url: 'http://lab:65500'}": f"hub.url is 'http://lab:65500'; {PORT}.",
    "hub: {url: 'http://[lab'}": f"hub.url is 'http://[lab'; {URL}.",
    "login: {admins: anna}": "login.admins is 'anna'; write a list.",
    "login: {admins: ['anna b']}": (
        "login.admins[0] is 'anna b'; write a user name, without spaces, commas and slashes."
    ),
    "login: {options: {minimum_pasword_length: 9}}": (
        "login.options.minimum_pasword_length is not an option of NativeAuthenticator; its own: "
        "allow_2fa, allow_self_approval_for, allowed_failed_logins, ask_email_on_signup, "
        "check_common_password, delete_firstuse_db_after_import, enable_signup, firstuse_db_path, "
        "import_from_firstuse, minimum_password_length, open_signup, recaptcha_key, "
        "recaptcha_secret, seconds_before_next_try, secret_key, self_approval_email, "
        "self_approval_server, tos. Did you mean 'minimum_password_length'?"
    ),
    "login: {options: {minimum_password_length: long}}": (
        "login.options.minimum_password_length has a value of the wrong kind; write an int."
    ),
    "login: {options: {admin_users: [anna]}}": (
        "login.options.admin_users is not set here; write login.admins."
    ),
    "login: {method: shared-password, options: {user_password: abc}}": (
        "login.options.user_password is refused: SharedPasswordAuthenticator.user_password must be "
        "at least 8 characters long, got 3 characters."
    ),
    "{groups: {physics: []}, login: {options: {manage_groups: true}}}": (
        "groups and login.options.manage_groups exclude each other; write the groups here, or let "
        "the login bring them."
    ),
    "groups: {physics: anna}": "groups.physics is 'anna'; write a list.",
    "groups: {physics: [20240101]}": (
        "groups.physics[0] is 20240101; write a text, in quotes where it looks like a number."
    ),
    "groups: {2024: [anna]}": (
        "groups.2024 cannot be a name; write a text, in quotes where it looks like a number."
    ),
    "groups: {phisics: [anna]}": f"{LOST}phisics. Did you mean 'phisics'?",
    "{groups: {physics: [a]}, datasets: {cms: {path: data, groups: [phd]}}}": (
        "dataset 'cms' is for the group 'phd', which groups does not define; known: physics."
    ),
    "images: 7": f"images is 7; {NO_IMAGES}.",
    "images: {a: b}": f"images: {NO_IMAGES}.",
    "images: []": "images is an empty list; write at least 1 of them.",
    "images: [{slug: Root}]": (
        "images[0].slug is 'Root'; write up to 63 lower-case letters, digits and dashes, such as "
        "root-6.\n"
        "hub.yaml: images[0].display_name is missing; add it.\n"
        "hub.yaml: images[0].image is missing; add it."
    ),
    "images: [{slug: a, display_name: A, image: a, build: nowhere}]": (
        "image 'a' has build 'nowhere', but {folder}/nowhere holds no Dockerfile; write the path "
        "of a folder with one."
    ),
    "images: list.yaml": (
        "images is '{folder}/list.yaml', which is no file; write the path of a catalogue, or a "
        "list of images."
    ),
    "custom_image: 'a(b'": (
        "custom_image is 'a(b'; write a regular expression: missing ), unterminated subpattern at "
        "position 1."
    ),
    "datasets: [a]": "datasets is a list; write keys and values.",
    "datasets: {cms: 7}": "datasets.cms is 7; write keys and values.",
    "datasets: {cms: {}}": (
        "datasets.cms: write a path, or what is to be fetched: files, record or atlas."
    ),
    "datasets: {cms: {record: 1, atlas: {dataset: 2}}}": (
        "datasets.cms: write one of files, record and atlas."
    ),
    "datasets: {cms: {record: 1, path: data}, atlas: {record: 2, path: data/atlas}}": (
        "datasets.cms would be fetched into '{folder}/data', in which datasets.atlas is, too; give "
        "each a path of its own."
    ),
    "datasets: {cms: {record: 0}}": "datasets.cms.record is 0; write 1 or more.",
    "datasets: {cms: {files: [{url: 'https://a.org/b', adler32: 01234567}]}}": (
        "datasets.cms.files[0].adler32 is 1234567; write it in quotes: it looks like a number."
    ),
    "datasets: {cms: {files: [{url: 'https://a.org/b', sha256: abc}]}}": (
        "datasets.cms.files[0].sha256 is 'abc'; write 64 hexadecimal digits."
    ),
    "datasets: {cms: {files: [{url: 'https://a.org/b'}]}}": (
        "datasets.cms.files[0]: write its checksum: sha256, as `sha256sum` prints it, or adler32."
    ),
    "datasets: {cms: {files: [{url: 'file:///etc/passwd', adler32: 0a1b2c3d}]}}": (
        "datasets.cms.files[0].url is 'file:///etc/passwd'; write an address that begins with "
        "http:// or https://."
    ),
    "datasets: {cms: {files: [{url: 'https://me:it@a.org/b', adler32: 0a1b2c3d}]}}": (
        "datasets.cms.files[0].url has a value that cannot be used; write an address that begins "
        "with http:// or https://, without a user and password."
    ),
    "datasets: {cms: {files: [{url: 'https://a.org/b', adler32: 0a1b2c3d, name: ../b}]}}": (
        "datasets.cms.files[0].name is '../b'; write a path below the dataset's folder, such as "
        "2016/events.root, without .. and control characters."
    ),
    "datasets: {cms: {files: [{url: 'https://a.org/%2e%2e', adler32: 0a1b2c3d}]}}": (
        "datasets.cms.files[0]: its URL ends in no name of a file; write a name."
    ),
    "datasets: {cms: {files: [{url: 'https://a.org/b', adler32: 0a1b2c3d}, "
    "{url: 'https://c.org/b', adler32: 0a1b2c3e}]}}": (
        "datasets.cms: two of its files are called 'b'; give one a name."
    ),
    "datasets: {'a/b': data}": (
        "datasets.a/b cannot be a name; write up to 64 lower-case letters, digits, dots and "
        "dashes, such as cms-2012."
    ),
    "datasets: {cms: nowhere}": (
        "datasets.cms is '{folder}/nowhere', which is no folder; make it, or mend the path."
    ),
    "homes: {welcome: nowhere}": (
        "homes.welcome is '{folder}/nowhere', which is no folder; make it, or mend the path."
    ),
    "homes: {welcom: x}": (
        "homes.welcom is not a known key; known here: storage, path, quota, snapshots, welcome. "
        "Did you mean 'welcome'?"
    ),
    "homes: {storage: nfs}": "homes.storage is 'nfs'; write 'volume', 'folder' or 'btrfs'.",
    "homes: {path: data}": (
        "homes: write storage: folder or storage: btrfs with a path; volumes have none."
    ),
    "homes: {storage: btrfs}": (
        "homes: write a path, such as path: /srv/homes, with storage: btrfs."
    ),
    "homes: {storage: folder, path: data, quota: 2G}": f"homes: {NO_QUOTA}.",
    "homes: {quota: 2G}": f"homes: {NO_QUOTA}.",
    "site: {http_proxy: proxy:3128}": f"site.http_proxy is 'proxy:3128'; {PROXY}.",
    "site: {http_proxy: 'http://proxy'}": f"site.http_proxy is 'http://proxy'; {PROXY}.",
    "site: {http_proxy: 'http://proxy:x'}": f"site.http_proxy is 'http://proxy:x'; {PROXY}.",
    "site: {http_proxy: 'http://proxy:1/path'}": (
        f"site.http_proxy is 'http://proxy:1/path'; {PROXY}."
    ),
    "site: {http_proxy: 'http://localhost:3128'}": (
        "site.http_proxy is 'http://localhost:3128'; write an address that containers reach: in a "
        "container, that one is the container's."
    ),
    "site: {http_proxy: 'http://[::1]:3128'}": (
        "site.http_proxy is 'http://[::1]:3128'; write an address that containers reach: in a "
        "container, that one is the container's."
    ),
    "site: {http_proxy: 'http://me:hush@proxy:3128'}": (
        f"site.http_proxy has a value that cannot be used; {PROXY}, without a user and password: "
        "every server would show them to its student; where the proxy asks for them, run one in "
        "between that logs in, such as cntlm."
    ),
    "site: {no_proxy: ['a, b']}": (
        "site.no_proxy[0] is 'a, b'; write a host, a domain such as .example.org, or a network "
        "such as 10.0.0.0/8."
    ),
    "site: {ca_bundle: nowhere.pem}": (
        "site.ca_bundle: {folder}/nowhere.pem cannot be read: No such file or directory; mend that."
    ),
    "site: {ca_bundle: images/catalogue.yaml}": (
        "site.ca_bundle: {folder}/images/catalogue.yaml holds no certificate in PEM form; convert "
        "a DER file with `openssl x509 -inform der -in FILE -out FILE.pem`."
    ),
    "registries: {'https://quay.io': {username: a, password: b}}": (
        "registries.https://quay.io cannot be a name; write a registry's host as names of images "
        "have it, such as quay.io or registry.example.org:5000, without https:// and path."
    ),
    "registries: {quay.io: 'me:hush'}": f"registries has a value that cannot be used; {LOGIN}.",
    "registries: me:hush@quay.io": f"registries has a value that cannot be used; {LOGIN}.",
    "registries: {quay.io: {username: me, password: 1234}}": (
        "registries.quay.io.password has a value that cannot be used; write a text, in quotes "
        "where it looks like a number."
    ),
    "registries: {quay.io: {username: me, passwort: hush}}": (
        "registries.quay.io.passwort is not a known key; known here: username, password, "
        "password_file. Did you mean 'password'?"
    ),
    "registries: {quay.io: {username: me}}": (
        "registries.quay.io: write one of password and password_file."
    ),
    "registries: {quay.io: {username: me, password: hush, password_file: a}}": (
        "registries.quay.io: write one of password and password_file."
    ),
    "registries: {quay.io: {username: me, password_file: token}}": (
        "registries.quay.io.password_file: {folder}/token cannot be read: No such file or "
        "directory; mend that."
    ),
    "registries: {quay.io: {username: me, password_file: images/root/Dockerfile}}": (
        "registries.quay.io.password_file: {folder}/images/root/Dockerfile can be read by every "
        "user; close it: chmod o= {folder}/images/root/Dockerfile"
    ),
    "limits: {memory: 4 gigs}": (
        "limits.memory is '4 gigs'; write a number with K, M, G or T, such as 4G."
    ),
    "limits: {cpu: 0}": "limits.cpu is 0; write a number above 0.",
    "limits: {cpu: .inf}": "limits.cpu is inf; write a finite number.",
    "limits: {processes: 8}": "limits.processes is 8; write 32 or more.",
    "limits: {processes: many}": "limits.processes is 'many'; write a whole number.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as a checkout has it, without a hub.yaml."""
    (tmp_path / "images" / "root").mkdir(parents=True)
    (tmp_path / "images" / "root" / "Dockerfile").touch()
    (tmp_path / "images" / "catalogue.yaml").write_text(CATALOGUE)
    (tmp_path / "data").mkdir()
    return tmp_path


def read(folder: Path, text: str) -> Settings:
    """Load a hub.yaml with this text."""
    (folder / "hub.yaml").write_text(text)
    return load(folder / "hub.yaml")


@pytest.mark.parametrize("text", FAULTS)
def test_a_wrong_hub_yaml_is_told_what_to_write(folder: Path, text: str) -> None:
    """Each fault is a sentence with file, key, value and what to do, and nothing of our tools."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text)

    assert str(caught.value) == f"hub.yaml: {FAULTS[text].replace('{folder}', str(folder))}"
    for foreign in ("pydantic", "Input", "Traceback", "hush"):
        assert foreign not in str(caught.value)


def test_an_unknown_login_method_is_told_what_is_installed(folder: Path) -> None:
    """A typing error in the method gets the nearest name, and the list of all."""
    with pytest.raises(ConfigError) as caught:
        read(folder, "login: {method: nativ}")

    sentence = str(caught.value)
    assert sentence.startswith(
        "hub.yaml: login.method is 'nativ', which is not installed; there is native, "
    )
    assert " github, " in sentence
    assert sentence.endswith(" Did you mean 'native'?")


def test_a_login_method_that_cannot_be_loaded_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An authenticator that misses what it needs is a fault of the settings, not a traceback."""
    package = folder / "broken-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[jupyterhub.authenticators]\nldap = ldap_is_not:A\n")
    monkeypatch.syspath_prepend(folder)
    with pytest.raises(ConfigError) as caught:
        read(folder, "login: {method: ldap}")

    assert str(caught.value) == (
        "hub.yaml: login.method is 'ldap', which cannot be loaded: No module named 'ldap_is_not'; "
        "install what it needs."
    )


def test_faults_of_all_kinds_are_told_together(folder: Path) -> None:
    """Catalogue, login and folders are all looked at before the hub refuses."""
    with pytest.raises(ConfigError) as caught:
        read(
            folder, "{images: no.yaml, login: {method: x}, datasets: {a: no}, homes: {welcome: no}}"
        )

    assert str(caught.value).count("hub.yaml: ") == 4


def test_a_fault_in_the_catalogue_names_the_catalogue(folder: Path) -> None:
    """The sentence starts with the file where the fault is."""
    (folder / "images" / "catalogue.yaml").write_text("- {slug: a, display_name: A, image: ''}")

    with pytest.raises(ConfigError, match=r"^catalogue\.yaml: images\[0\]\.image is empty; write"):
        read(folder, "")


def test_a_missing_hub_yaml_is_an_error(tmp_path: Path) -> None:
    """Who names a file means it."""
    with pytest.raises(ConfigError, match=r"hub\.yaml does not exist; check the path"):
        load(tmp_path / "hub.yaml")


def test_an_empty_hub_yaml_is_all_defaults(folder: Path) -> None:
    """Everything may be left out."""
    settings = read(folder, "limits:\n")

    assert settings.hub.url == "http://localhost:8000"
    assert settings.login.method == "native"
    assert settings.login.admins == ("admin",)
    assert settings.limits.memory == 2 * 2**30
    assert settings.limits.cpu is None
    assert settings.limits.processes == 1024
    assert settings.custom_image is None
    assert [image.slug for image in settings.catalogue.images] == ["root", "exam"]
    assert settings == defaults(folder)


def test_paths_are_relative_to_hub_yaml(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the command runs, a path means the same; ~ is the home."""
    monkeypatch.setenv("HOME", str(folder))
    settings = read(folder, "{datasets: {a: data, b: {path: ~/data}}, homes: {welcome: images}}")

    assert settings.datasets["a"].path == folder / "data"
    assert settings.datasets["b"].path == folder / "data"
    assert settings.homes.welcome == folder / "images"
    assert settings.images == folder / "images" / "catalogue.yaml"
    assert settings.catalogue.images[0].build == folder / "images" / "root"


def test_images_may_stand_in_hub_yaml(folder: Path) -> None:
    """A list of images is a catalogue; its recipes are relative to hub.yaml."""
    entry = "{slug: a, display_name: A, image: a, build: images/root, memory: 1G}"
    settings = read(folder, f"images: [{entry}]")

    assert settings.catalogue.images[0].memory == 2**30
    assert settings.catalogue.images[0].build == folder / "images" / "root"


def test_without_a_catalogue_beside_it_the_one_of_the_checkout_serves(tmp_path: Path) -> None:
    """A hub.yaml elsewhere still offers the images that came with the package's checkout."""
    (tmp_path / "hub.yaml").touch()

    assert load(tmp_path / "hub.yaml").catalogue.images


@pytest.mark.parametrize(
    ("url", "loopback", "port"),
    [
        ("http://localhost:8000", "127.0.0.1", 8000),
        ("http://127.0.0.2", "127.0.0.2", 80),
        ("http://[::1]:9000/", "::1", 9000),
        ("http://lab.example.org", None, 80),
        ("http://192.0.2.7:8080", None, 8080),
    ],
)
def test_only_a_local_address_stays_local(folder: Path, url: str, loopback: str, port: int) -> None:
    """The hub answers on loopback where the address is one, else everywhere."""
    hub = read(folder, f"hub: {{url: '{url}'}}").hub

    assert hub.loopback == loopback
    assert hub.port == port
    assert hub.at(81).startswith(url.rstrip("/").removesuffix(f":{port}"))
    assert hub.at(81).endswith(":81")


def test_the_example_of_the_repository_is_fine() -> None:
    """The hub.yaml that people edit passes its own check."""
    assert load(Path(__file__).parents[2] / "hub.yaml").catalogue.images
