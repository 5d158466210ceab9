"""Options of a start: by form, REST body and URL; good ones and bad ones."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import stand_in
from tests.hubs import RunningHub

BAD = {
    "unknown slug": ({"image": "startr"}, "Did you mean 'starter'?"),
    "both": ({"image": "starter", "custom_image": "opendata-hub/x:1"}, "send one of them"),
    "list": ({"image": ["starter"]}, "image is a list"),
    "number": ({"image": 7}, "image is"),
    "object": ({"custom_image": {"a": 1}}, "custom_image is"),
    "null": ({"image": None}, "image is"),
    "empty": ({"custom_image": ""}, "Write the reference of your own image"),
    "unknown option": ({"memory": "100G"}, "There is no option 'memory'"),
    "long": ({"custom_image": "a" * 1_000_000}, "255"),
    "regex": ({"custom_image": "docker.io/evil/image:1"}, "docker.io/evil/image:1"),
    "regex in part": ({"custom_image": "opendata-hub/x:1 --privileged"}, "is not the reference"),
    "markup": ({"image": "<script>alert(1)</script>"}, "<script>"),
    "hidden": ({"image": "staff"}, "There is no image 'staff'"),
    "zero byte": ({"custom_image": "localhost:1/none\u0000"}, "is not the reference"),
}


@pytest.fixture(scope="module")
def image(build: Callable[..., str]) -> str:
    """What all entries of the hub start."""
    return build(stand_in.LINES, base=stand_in.BASE)


@pytest.mark.parametrize(("options", "words"), BAD.values(), ids=BAD.keys())
def test_bad_options_by_rest_are_refused_in_words(
    hub: RunningHub, user: str, options: Any, words: str
) -> None:
    """A 4xx with a sentence, no traceback, nothing started, and nothing kept of them."""
    start = hub.start(user, options)

    assert 400 <= start.status < 500
    assert words in start.message
    assert len(start.message) < 500
    assert "Traceback" not in start.message
    assert hub.servers(user) == {}
    assert hub.client.containers(all=True, filters={"name": f"opendata-{user}"}) == []


def test_an_entry_of_others_cannot_be_had_by_its_reference(
    hub: RunningHub, user: str, image: str
) -> None:
    """What its group alone may start is no image of one's own either."""
    start = hub.start(user, {"custom_image": image})

    assert 400 <= start.status < 500
    assert "You may not start" in start.message


@pytest.mark.parametrize("query", ["image=nope", "image=staff", "image=starter&opt-custom_image=x"])
def test_bad_options_in_a_link_give_the_page_with_the_reason(
    hub: RunningHub, user: str, query: str
) -> None:
    """Whoever follows a bad link sees why, and the cards to choose from instead."""
    session = hub.session(user)

    answer = session.get(f"/hub/spawn/{user}?opt-{query}")

    assert 400 <= answer.status_code < 500
    assert "spawn-error-msg" in answer.text
    assert 'value="starter"' in answer.text
    assert "Traceback" not in answer.text
    assert hub.servers(user) == {}


def test_bad_options_in_the_form_give_the_page_with_the_reason(hub: RunningHub, user: str) -> None:
    """A forged form is refused like any other route, and its text comes back escaped."""
    session = hub.session(user)
    form = {"image": "<b>bold</b>", "_xsrf": session.cookies["_xsrf"]}

    answer = session.post(f"/hub/spawn/{user}", data=form)

    assert answer.status_code == 400
    assert "&lt;b&gt;bold" in answer.text
    assert "<b>bold" not in answer.text


def test_refused_options_do_not_spoil_the_next_start(hub: RunningHub, user: str) -> None:
    """After a refusal, a start without options takes the last good choice."""
    assert hub.start(user, {"image": "small"}).ok
    hub.stop(user)
    assert hub.start(user, {"image": "nope"}).status == 400

    assert hub.start(user).ok

    assert hub.container(user)["Config"]["Labels"]["org.opendata-hub.image"] == "small"


def test_the_first_start_without_options_takes_the_default(hub: RunningHub, user: str) -> None:
    """REST without a body is a start, too."""
    assert hub.start(user, {"image": "nope"}).status == 400

    assert hub.start(user).ok

    assert hub.container(user)["Config"]["Labels"]["org.opendata-hub.image"] == "starter"


def test_a_link_starts_what_it_names(hub: RunningHub, user: str) -> None:
    """`opt-image` in a link is enough: no page in between."""
    session = hub.session(user)

    session.get(f"/hub/spawn/{user}?opt-image=small")

    hub.follow(user)
    assert hub.container(user)["Config"]["Labels"]["org.opendata-hub.image"] == "small"


def test_an_image_of_ones_own_starts_where_it_is_allowed(
    hub: RunningHub, user: str, build: Callable[..., str]
) -> None:
    """A reference that matches the hub's pattern runs, and is no entry of the catalogue."""
    reference = build(stand_in.LINES, base=stand_in.BASE)

    assert hub.start(user, {"custom_image": reference}).ok

    container = hub.container(user)
    assert container["Config"]["Image"] == reference
    assert container["Config"]["Labels"]["org.opendata-hub.image"] == ""


def test_members_get_what_others_do_not_see(hub: RunningHub, user: str, new_name: Any) -> None:
    """An entry with groups is on its members' page only, and starts for them."""
    member = hub.add_user(new_name("member"), "staff")

    assert "Staff only" in hub.page(member, f"/hub/spawn/{member}")
    assert "Staff only" not in hub.page(user, f"/hub/spawn/{user}")
    assert hub.start(member, {"image": "staff"}).ok


def test_a_choice_that_is_gone_gives_way_to_the_default(hub: RunningHub, new_name: Any) -> None:
    """Who leaves a group starts the default next time, without an error."""
    member = hub.add_user(new_name("member"), "staff")
    assert hub.start(member, {"image": "staff"}).ok
    hub.stop(member)
    hub.api.request("DELETE", "/groups/staff/users", json={"users": [member]}).raise_for_status()

    assert hub.start(member).ok

    assert hub.container(member)["Config"]["Labels"]["org.opendata-hub.image"] == "starter"


def test_the_last_choice_is_preselected(hub: RunningHub, user: str) -> None:
    """Who used an image yesterday only has to press Start today."""
    hub.start(user, {"image": "small"})
    hub.stop(user)

    page = " ".join(hub.page(user, f"/hub/spawn/{user}").split())

    small = page[page.index('value="small"') :]
    assert "checked" in small[: small.index(">")]
