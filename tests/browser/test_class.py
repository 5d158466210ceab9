"""An instructor looks after a class: on its page, and in a student's server."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser import people
from tests.browser.lab import Lab
from tests.browser.product import ProductHub

PROOFS = """async (path) => {
    const fetched = await (await fetch(path)).text();
    const other = window.open(path);
    let opened = "";
    try {
        while (!other.closed && !opened) {  // one that is out of reach counts as closed
            await new Promise((done) => setTimeout(done, 50));
            if (other.location.pathname === path && other.document.readyState === "complete")
                opened = other.document.documentElement.outerHTML;
        }
    } catch {} // or as another one's
    return [fetched, opened].map((page) => /xsrf[^>]{1,40}[0-9a-zA-Z_-]{20}/.test(page));
}"""
"""Whether a script of a server's page gets what proves its reader's will out of the hub's pages."""


def go_to_class(page: Page, hub: ProductHub) -> Locator:
    """Log in as the instructor, follow the link in the menu, and find the student's line."""
    people.log_in(page, hub, hub.instructor)
    page.get_by_role("link", name="Class", exact=True).click()
    expect(page.get_by_role("heading", name=hub.course)).to_be_visible()
    return page.get_by_role("row", name=hub.pupil)


def test_an_instructor_starts_opens_and_stops(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """Buttons need no JavaScript; whose server it is, is said before it opens, and in it."""
    plain = browse(java_script_enabled=False)
    row = go_to_class(plain, hub)
    expect(row).to_contain_text("stopped")
    row.get_by_role("button", name="Start").click()
    expect(row).to_contain_text("running")  # the page looks again by itself

    page = browse()
    row = go_to_class(page, hub)
    with page.expect_popup() as popup:
        row.get_by_role("button", name="Open").click()
    tab = popup.value
    expect(tab.get_by_role("heading", name=f"Open the server of {hub.pupil}?")).to_be_visible()
    tab.get_by_role("button", name="Open it").click()
    lab = Lab(tab).arrive()
    expect(tab.get_by_text(f"Server of {hub.pupil}")).to_be_visible()
    expect(lab.file("class")).to_be_visible()
    for path in (f"/hub/class/{hub.course}", "/hub/home", "/hub/nothing"):
        assert tab.evaluate(PROOFS, path) == [False, False], path
    tab.close()

    row = plain.get_by_role("row", name=hub.pupil)
    row.get_by_role("button", name="Stop").click()
    expect(row).to_contain_text("stopped")


def test_a_student_sees_no_class(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """Neither in the menu nor by its address."""
    page = browse()
    people.log_in(page, hub, hub.pupil)
    expect(page.get_by_role("link", name="Class", exact=True)).to_have_count(0)
    answer = page.goto(f"/hub/class/{hub.course}")
    assert answer and answer.status == 404
    expect(page.get_by_text(re.compile("404"))).to_be_visible()
