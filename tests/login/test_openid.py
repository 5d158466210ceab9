"""Login by a real provider of OpenID Connect, in a real browser."""

import re
from collections.abc import Callable, Iterator

import docker
import pytest
from playwright.sync_api import Page, expect

from tests.hubs import run, wait_for
from tests.login.hubs import LoginHub
from tests.login.provider import Provider, installed
from tests.ports import free_ports

ACCOUNTS = {
    "anna": {"groups": ["students", "astronomy"]},
    "ben": {"groups": "students"},
    "carl": {"groups": ["outsiders"]},
    "dora": {"groups": ["students"]},
    "gina": {},
    "emil": {"email": "emil@uni.example.org", "email_verified": True},
    "fake": {"email": "fake@uni.example.org", "email_verified": False},
    "boss": {},
}
# Every page asks the provider again, so that a test need not wait.
EXTRA = "c.Authenticator.auth_refresh_age = 1"


@pytest.fixture(scope="module")
def pair(
    client: docker.APIClient,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Iterator[tuple[LoginHub, Provider]]:
    """A hub and its provider, which is not there yet when the hub starts."""
    folder, (port,) = tmp_path_factory.mktemp("openid"), free_ports(1)
    (folder / "secret").touch(0o600)
    (folder / "secret").write_text("the-secret-of-the-hub\n")
    login = {
        "method": "oidc",
        "issuer": f"http://localhost:{port}",
        "client_id": "hub",
        "client_secret_file": "secret",
        "user_claim": "preferred_username",
        "groups_claim": "groups",
        "admins": ["boss"],
        "allow": {"groups": ["students"], "domains": ["uni.example.org"]},
        "contact": "teacher@example.org",
    }
    hub = LoginHub(folder, client, login, EXTRA, {"name": "evening", "users": ["gina"]})
    package = installed(pytestconfig.cache.mkdir("oidc-provider"))
    provider = Provider(folder, package, port, f"{hub.url}/hub/oauth_callback")
    provider.know(ACCOUNTS)
    with run(hub):
        yield hub, provider
        provider.end()


@pytest.fixture
def provider(pair: tuple[LoginHub, Provider]) -> Provider:
    """The provider, running, with all accounts."""
    pair[1].know(ACCOUNTS)
    pair[1].run()
    return pair[1]


@pytest.fixture
def hub(pair: tuple[LoginHub, Provider], provider: Provider) -> LoginHub:
    """The hub, with its provider running."""
    return pair[0]


def go(page: Page, hub: LoginHub) -> None:
    """Press the button of the hub's login page."""
    page.goto(f"{hub.url}/hub/login?next=%2Fhub%2Fspawn")
    page.get_by_role("button", name="Sign in with your organisation").click()


def log_in(page: Page, hub: LoginHub, user: str) -> None:
    """Log in at the provider, and let it tell the hub who that is."""
    go(page, hub)
    page.get_by_placeholder("Enter any login").fill(user)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile(r"/hub/"))


def expect_in(page: Page) -> None:
    """See the options page."""
    expect(page.get_by_role("heading", name="Choose your notebook")).to_be_visible()


def test_a_provider_that_is_down_is_told_and_tried_again(
    pair: tuple[LoginHub, Provider], browse: Callable[..., Page]
) -> None:
    """The hub runs without it; the page says what is wrong, and its button works later."""
    (hub, provider), page = pair, browse()
    go(page, hub)
    expect(page.get_by_text("Your organisation does not answer. Try again")).to_be_visible()
    assert "Traceback" not in hub.log

    provider.run()
    page.get_by_role("button", name="Log in again").click()
    page.get_by_role("button", name="Sign in with your organisation").click()
    expect(page.get_by_placeholder("Enter any login")).to_be_visible()


def test_groups_come_by_the_claim(
    hub: LoginHub, provider: Provider, browse: Callable[..., Page]
) -> None:
    """Who is in an allowed group gets in, and sees the images of the groups that the claim says."""
    anna, ben = browse(), browse()
    log_in(anna, hub, "anna")
    expect_in(anna)
    expect(anna.get_by_role("radio", name="Stars")).to_be_visible()
    log_in(ben, hub, "ben")
    expect_in(ben)
    expect(ben.get_by_role("radio", name="Stars")).to_have_count(0)


def test_classes_stay_beside_the_groups_of_the_claim(
    hub: LoginHub, provider: Provider, browse: Callable[..., Page]
) -> None:
    """Who is in a class gets in by it, and stays in it; a claim puts nobody into one."""
    provider.know({**ACCOUNTS, "anna": {"groups": ["students", "evening"]}})
    for user, groups in (("gina", ["evening"]), ("anna", ["students"])):
        page = browse()
        log_in(page, hub, user)
        expect_in(page)
        assert hub.api.get(f"/users/{user}").json()["groups"] == groups


def test_who_is_not_let_in_reads_why(hub: LoginHub, browse: Callable[..., Page]) -> None:
    """The page has the name at the provider and whom to ask; another account is a button away."""
    page = browse()
    log_in(page, hub, "carl")
    expect(page.get_by_role("heading", name="You were not let in")).to_be_visible()
    expect(page.get_by_text("knows you as carl")).to_be_visible()
    expect(page.get_by_text("Ask teacher@example.org")).to_be_visible()
    page.get_by_role("button", name="Log in as somebody else").click()
    expect(page.get_by_role("button", name="Yes, sign me out")).to_be_visible()
    assert hub.api.get("/users/carl").status_code == 404
    assert '"user": "carl"' in (hub.folder / ".hub" / "audit.jsonl").read_text()


def test_what_a_link_says_is_not_shown(hub: LoginHub, browse: Callable[..., Page]) -> None:
    """Whoever makes a link to the way back cannot write on the hub's page."""
    page = browse()
    said = "error=access_denied&error_description=Call%20555-0100"
    page.goto(f"{hub.url}/hub/oauth_callback?{said}")
    expect(page.get_by_text("Your organisation did not let you in.")).to_be_visible()
    expect(page.get_by_text("555-0100")).to_have_count(0)


def test_a_mail_address_counts_once_it_is_verified(
    hub: LoginHub, browse: Callable[..., Page]
) -> None:
    """The provider says whether an address is somebody's own."""
    for user, heading in (("emil", "Choose your notebook"), ("fake", "You were not let in")):
        page = browse()
        log_in(page, hub, user)
        expect(page.get_by_role("heading", name=heading)).to_be_visible()


def test_admins_are_those_of_hub_yaml(hub: LoginHub, browse: Callable[..., Page]) -> None:
    """They get in without any group."""
    page = browse()
    log_in(page, hub, "boss")
    page.goto(f"{hub.url}/hub/admin")
    expect(page.get_by_role("link", name="Add Users")).to_be_visible()


def test_the_provider_is_asked_again(
    hub: LoginHub, provider: Provider, browse: Callable[..., Page]
) -> None:
    """Tokens are refreshed; a new group counts at once; who is no longer let in has to go."""
    page = browse()
    log_in(page, hub, "dora")
    expect_in(page)
    expect(page.get_by_role("radio", name="Stars")).to_have_count(0)

    provider.know({**ACCOUNTS, "dora": {"groups": ["students", "astronomy"]}})
    wait_for(lambda: page.reload() and page.get_by_role("radio", name="Stars").count(), "the group")
    wait_for(lambda: page.reload() and "granted refresh_token" in provider.log, "a fresh token")

    provider.know({**ACCOUNTS, "dora": {"groups": ["outsiders"]}})
    wait_for(lambda: page.reload() and "/hub/login" in page.url, "dora has to log in again")


def test_logging_out_ends_the_session_at_the_provider(
    hub: LoginHub, provider: Provider, browse: Callable[..., Page]
) -> None:
    """The next one at this computer is asked who they are."""
    page = browse()
    log_in(page, hub, "anna")
    expect_in(page)
    page.goto(f"{hub.url}/hub/logout")
    page.get_by_role("button", name="Yes, sign me out").click()
    wait_for(lambda: "session ended" in provider.log, "the provider ends the session")

    go(page, hub)
    expect(page.get_by_placeholder("Enter any login")).to_be_visible()


def test_who_is_in_stays_while_the_provider_is_down(
    hub: LoginHub, provider: Provider, browse: Callable[..., Page]
) -> None:
    """Nobody loses a server because of somebody else's outage; newcomers are told to wait."""
    page = browse()
    log_in(page, hub, "anna")
    expect_in(page)
    provider.end()
    before = hub.log.count("does not answer, anna stays")
    wait_for(
        lambda: page.reload() and hub.log.count("does not answer, anna stays") > before,
        "the hub asks in vain",
    )
    expect_in(page)

    newcomer = browse()
    newcomer.goto(f"{hub.url}/hub/oauth_callback?code=stale&state=none")
    expect(newcomer.get_by_text("This login began in another tab")).to_be_visible()
    assert "Traceback" not in hub.log
