"""`login` in hub.yaml: what each method takes, whom it lets in, and what is refused."""

from pathlib import Path
from typing import Any

import jwt
import pytest
from jupyterhub import orm
from oauthenticator.generic import GenericOAuthenticator
from traitlets.config import Config

from opendata_hub.errors import ConfigError
from opendata_hub.login import lti
from opendata_hub.login.openid import OpenIDAuthenticator, misfit
from opendata_hub.settings import Settings, entering, exposure, load, login
from opendata_hub.settings.presets import METHODS

IMAGES = "images: [{slug: a, display_name: A, image: example.org/a:1}]\n"
CLIENT = "client_id: hub, client_secret: 'secret-of-the-hub'"
KEYCLOAK = f"method: keycloak, issuer: 'https://id.example.org/realms/uni', {CLIENT}, admins: [kim]"

FAULTS = {
    f"{{method: github, {CLIENT}}}": (
        "login.admins is missing: write the names that your admins have at GitHub, or [] for "
        "none; 'admin' may be a stranger there."
    ),
    "{method: dummy}": (
        "login.admins is missing: write the names that your admins have with dummy, or [] for "
        "none; 'admin' may be a stranger there."
    ),
    "{method: github, admins: [kim], client_id: hub}": (
        "login.client_secret_file is missing, which the method github needs."
    ),
    f"{{method: oidc, admins: [kim], {CLIENT}}}": (
        "login.issuer is missing, which the method oidc needs."
    ),
    f"{{method: oidc, issuer: 'http://id.example.org', admins: [kim], {CLIENT}}}": (
        "login.issuer is 'http://id.example.org'; write an address that begins with https://."
    ),
    f"{{method: oidc, issuer: 'https://[id', admins: [kim], {CLIENT}}}": (
        "login.issuer is 'https://[id'; write an address that begins with https://."
    ),
    "{issuer: 'https://id.example.org'}": (
        "login.issuer is nothing to the method native; take it out. It is for oidc, keycloak, "
        "cern, egi, infn, eduteams, lti."
    ),
    "{allow: {organisations: [uni]}}": (
        "login.allow.organisations is nothing to the method native; there is: users."
    ),
    "{options: {allowed_failed_logins: 3}}": (
        "login.options.allowed_failed_logins is no more: failed logins are counted for every "
        "method; take it out."
    ),
    f"{{{KEYCLOAK}, client_secret_file: secret}}": (
        "login: write one of client_secret and client_secret_file."
    ),
    "{method: github, client_secret: 5}": (
        "login.client_secret has a value that cannot be used; write a text, in quotes where it "
        "looks like a number."
    ),
    "{open_to_anybody: 'yes'}": (
        "login.open_to_anybody is 'yes'; write 'yes, anybody on the internet'."
    ),
}


def read(folder: Path, entry: str, more: str = "") -> Settings:
    """Load a hub.yaml with this login."""
    (folder / "hub.yaml").write_text(f"{IMAGES}login: {entry}\n{more}")
    return load(folder / "hub.yaml")


def applied(folder: Path, entry: str, more: str = "") -> Config:
    """Return the configuration of such a hub."""
    (folder / ".hub").mkdir(exist_ok=True)
    c = Config()
    entering.add(c, read(folder, entry, more))
    return c


def built(c: Config) -> Any:
    """Make the authenticator that the hub would have."""
    return c.JupyterHub.authenticator_class(config=c)


@pytest.mark.parametrize("entry", FAULTS)
def test_a_wrong_login_is_told_what_to_write(tmp_path: Path, entry: str) -> None:
    """Each fault is a sentence with key and remedy, and no secret is in it."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, entry)

    assert FAULTS[entry] in str(caught.value)
    assert "secret-of-the-hub" not in str(caught.value)


def test_a_preset_knows_issuer_and_claims(tmp_path: Path) -> None:
    """One word, the client and who may come in are enough; what is written goes first."""
    entry = f"{{method: egi, {CLIENT}, admins: [], allow: {{groups: ['urn:class']}}}}"
    egi = built(applied(tmp_path, entry, "hub: {url: 'https://hub.example.org'}"))

    assert egi.issuer == "https://aai.egi.eu/auth/realms/egi"
    assert egi.username_claim == "sub"
    assert egi.groups_claim == "entitlements"
    assert "entitlements" in egi.scope
    egi.get_handlers(None)
    assert egi.manage_groups is True
    assert egi.allowed_groups == {"urn:class"}
    assert egi.allow_all is False
    assert egi.oauth_callback_url == "https://hub.example.org/hub/oauth_callback"
    assert egi.client_secret == "secret-of-the-hub"

    other = built(applied(tmp_path, entry.replace("admins", "user_claim: email, admins")))
    assert other.username_claim == "email"


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_can_be_had(tmp_path: Path, name: str) -> None:
    """Each makes an authenticator that lets nobody in unasked."""
    known = METHODS[name]
    values = {"client_id": "hub", "client_secret": "s3", "issuer": "https://id.example.org"}
    values |= {"authorize_url": "https://lms.example.org/auth", "jwks_url": "https://lms.org/keys"}
    needed = "".join(f", {key}: '{values[key]}'" for key in known.needs)
    c = applied(tmp_path, f"{{method: {name}, admins: [kim]{needed}}}")

    cls = c.JupyterHub.authenticator_class
    assert (
        list(login.faults(read(tmp_path, f"{{method: {name}, admins: [kim]{needed}}}"), "")) == []
    )
    if name != "native":  # which opens a database
        assert built(c).allow_all is False
        assert built(c).allowed_users == {"kim"}
        assert built(c).allow_existing_users is False
    assert hasattr(cls, "attempt") != known.provider or known.provider
    assert {"name": "admin", "users": ["kim"]} in c.JupyterHub.load_roles


def test_groups_of_the_hub_are_its_own(tmp_path: Path) -> None:
    """The login adds groups beside those of hub.yaml, whose members are listed there alone."""
    entry = f"{{{KEYCLOAK}, groups_claim: groups}}"
    keycloak = built(applied(tmp_path, entry, "groups: {physics: [Anna]}"))

    assert keycloak.own_groups == {"physics": ["Anna"]}


async def test_a_claim_gets_nobody_into_a_group_of_hub_yaml(tmp_path: Path) -> None:
    """A provider where anybody makes groups cannot hand out the exam."""
    entry = f"{{{KEYCLOAK}, groups_claim: groups}}"
    keycloak = built(applied(tmp_path, entry, "groups: {physics: [Anna], exam: [ben]}"))

    def claims(user: str, *groups: str) -> dict[str, Any]:
        return {"oauth_user": {"preferred_username": user, "groups": list(groups)}}

    assert await keycloak.get_user_groups(claims("anna", "exam", "choir")) == {"choir", "physics"}
    assert await keycloak.get_user_groups({"oauth_user": {"preferred_username": "eve"}}) == set()


@pytest.mark.parametrize(
    "more",
    ["groups: {physics: [anna]}", "classes: [{name: physics, users: [anna]}]"],
    ids=["groups", "classes"],
)
@pytest.mark.parametrize("key", ["admin_groups: [physics]", "options: {admin_groups: [physics]}"])
def test_a_class_is_no_group_of_admins(tmp_path: Path, more: str, key: str) -> None:
    """Else a name that both have would make all its students admins."""
    with pytest.raises(ConfigError, match=r"login\.admin_groups has 'physics', which is a group"):
        read(tmp_path, f"{{{KEYCLOAK}, groups_claim: groups, {key}}}", more)


def test_only_groups_of_the_login_make_admins() -> None:
    """Also where no hub.yaml was checked before."""
    config = Config()
    config.OpenIDAuthenticator.manage_groups = True
    config.OpenIDAuthenticator.own_groups = {"physics": ["anna"]}
    config.OpenIDAuthenticator.admin_groups = {"physics", "operators"}

    assert OpenIDAuthenticator(config=config).admin_groups == {"operators"}


def test_admins_whom_hub_yaml_does_not_know_are_warned_of(tmp_path: Path) -> None:
    """An instructor who opens the server of such a student would have an admin's rights."""
    entry = f"{{{KEYCLOAK}, allow: {{groups: [uni]}}, admin_groups: [operators]}}"
    taught = "classes: [{name: physics, users: [anna], instructors: [dora]}]"

    assert exposure.warnings(read(tmp_path, entry)) == []
    (said,) = exposure.warnings(read(tmp_path, entry, taught))
    assert "login.admin_groups makes admins whom hub.yaml does not know" in said


async def test_an_old_token_keeps_nobody_in_a_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What userinfo says no more is gone; what only the token ever said stays until the next."""
    keycloak = built(applied(tmp_path, f"{{{KEYCLOAK}}}"))
    token = {"sub": "1", "iss": keycloak.issuer, "aud": "hub", "groups": ["exam"], "role": "a"}
    answer = {"access_token": "a", "id_token": jwt.encode(token, "k" * 32)}
    userinfo: dict[str, Any] = {"sub": "1", "groups": ["exam"]}

    async def ask(*_: object) -> dict[str, Any]:
        return dict(userinfo)

    monkeypatch.setattr(GenericOAuthenticator, "token_to_user", ask)
    first = await keycloak.token_to_user(answer)
    del userinfo["groups"]
    later = await keycloak.token_to_user(answer)

    assert (first["groups"], first["role"]) == (["exam"], "a")
    assert "groups" not in later
    assert later["role"] == "a"


@pytest.mark.parametrize(
    ("context", "known"),
    [
        ({"label": "PHYS-101", "id": "123"}, ["PHYS-101", "id:123"]),
        ({"label": "123", "id": "7"}, ["123", "id:7"]),
        ({"label": "id:123", "id": "7"}, ["id:7"]),
        ({"id": 123}, ["id:123"]),
        ({}, []),
    ],
)
def test_no_short_name_passes_for_an_id(context: dict[str, Any], known: list[str]) -> None:
    """A teacher who can rename a course gets nobody in by the id of an allowed one."""
    assert lti.courses({lti.CONTEXT: context}) == known


async def test_who_is_taken_off_the_list_is_out(tmp_path: Path) -> None:
    """Although the hub knows the user; those of classes and admins come in."""
    entry = "{method: shared-password, admins: [Boss], allow: {users: [anna]}}"
    c = applied(tmp_path, entry, "classes: [{name: a, users: [ben], instructors: [Dora]}]")
    authenticator = built(c)
    for name in ("anna", "ben", "former"):
        authenticator.add_user(orm.User(name=name))

    assert authenticator.allowed_users == {"anna", "ben", "dora", "boss"}
    assert authenticator.check_allowed("former") is False


@pytest.mark.parametrize(
    ("claims", "may"),
    [
        ({"affiliation": "member@uni"}, True),
        ({"affiliation": ["alum@uni", "member@uni"]}, True),
        ({"affiliation": "member@uni.evil"}, False),
        ({"email": "a@Uni.example.org", "email_verified": True}, True),
        ({"email": "a@uni.example.org", "email_verified": False}, False),
        ({"email": "a@uni.example.org", "email_verified": "true"}, False),
        ({"email": "a@uni.example.org"}, False),
        ({"email": "a@uni.example.org@evil.example.org", "email_verified": True}, False),
        ({}, False),
    ],
)
async def test_claims_and_domains_let_in(tmp_path: Path, claims: dict[str, Any], may: bool) -> None:
    """Only what the claim says, whole, and only addresses that the provider has verified."""
    allow = "{claims: {affiliation: member@uni}, domains: [uni.example.org]}"
    keycloak = built(applied(tmp_path, f"{{{KEYCLOAK}, allow: {allow}}}"))
    model = {"name": "anna", "admin": None, "auth_state": {"oauth_user": claims}}

    assert await keycloak.may_come("anna", model) is may


def test_the_key_of_what_providers_said_is_kept(tmp_path: Path) -> None:
    """It is made once, and nobody else can read it."""
    first = applied(tmp_path, f"{{{KEYCLOAK}}}").CryptKeeper["keys"]
    key = tmp_path / ".hub" / "crypt_key"

    assert applied(tmp_path, f"{{{KEYCLOAK}}}").CryptKeeper["keys"] == first
    assert key.stat().st_mode & 0o777 == 0o600
    key.write_text("no key")
    with pytest.raises(ConfigError, match="crypt_key cannot be used"):
        applied(tmp_path, f"{{{KEYCLOAK}}}")


def test_a_secret_can_be_in_a_file(tmp_path: Path) -> None:
    """It is read from a file that is closed to others; an open one is refused."""
    entry = f"{{{KEYCLOAK.replace(CLIENT, 'client_id: hub, client_secret_file: secret')}}}"
    secret = tmp_path / "secret"
    secret.write_text("from-the-file\n")
    secret.chmod(0o600)
    assert built(applied(tmp_path, entry)).client_secret == "from-the-file"

    secret.chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by every user; close it"):
        read(tmp_path, entry)


def test_what_to_register_elsewhere_is_told(tmp_path: Path) -> None:
    """Addresses follow from the hub's own."""
    more = "hub: {url: 'https://hub.example.org'}"
    lti = (
        "{method: lti, issuer: 'https://lms.example.org', client_id: a, admins: [], "
        "authorize_url: 'https://lms.example.org/auth', jwks_url: 'https://lms.example.org/keys'}"
    )

    assert list(entering.registration(read(tmp_path, "{}", more))) == []
    assert list(entering.registration(read(tmp_path, f"{{{KEYCLOAK}}}", more))) == [
        "Register this hub with your organisation; its callback URL is",
        "  https://hub.example.org/hub/oauth_callback",
    ]
    assert [line.split()[-1] for line in entering.registration(read(tmp_path, lti, more))] == [
        "tool:",
        "https://hub.example.org/hub/",
        "https://hub.example.org/hub/lti13/oauth_login",
        "https://hub.example.org/hub/lti13/oauth_callback",
    ]


GOOD = {
    "issuer": "https://id.example.org",
    "authorization_endpoint": "https://id.example.org/auth",
    "token_endpoint": "https://id.example.org/token",
    "userinfo_endpoint": "https://id.example.org/me",
}


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (GOOD, ""),
        ({**GOOD, "issuer": "https://id.example.org/"}, ""),
        ({**GOOD, "issuer": "https://evil.example.org"}, "does not say that it is this issuer"),
        ([], "does not say that it is this issuer"),
        ({**GOOD, "token_endpoint": "http://id.example.org"}, "has no token_endpoint over https"),
        ({**GOOD, "userinfo_endpoint": None}, "has no userinfo_endpoint over https"),
    ],
)
def test_what_an_issuer_says_of_itself_is_checked(found: Any, fault: str) -> None:
    """Secrets go to nobody but the issuer, and over TLS."""
    assert misfit(found, "https://id.example.org") == fault
