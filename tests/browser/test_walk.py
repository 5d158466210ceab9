"""One student, from the login to the files of last time."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.lab import Lab
from tests.browser.product import ProductHub


def test_the_walk(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """A student logs in, chooses, waits, works, stops, and finds the work in another image."""
    page, student = browse(), hub.newcomer()
    people.log_in(page, student, hub.password(student))
    page.screenshot(path="/tmp/w/br/options.png")
    people.choose(page, "Scikit-HEP starter")
    expect(page.get_by_role("heading", name="Your notebook is starting")).to_be_visible()
    page.screenshot(path="/tmp/w/br/pending.png")
    lab = Lab(page).arrive()
    page.screenshot(path="/tmp/w/br/lab.png")
    notebook = lab.open("welcome.ipynb")
    notebook.run_all(cells=5)
    expect(notebook.plots).to_be_visible()
    page.screenshot(path="/tmp/w/br/welcome2.png")
    own = lab.new_notebook()
    print(own.run("print(6 * 7)\nprint('a')"))
    print(own.run("import os; os.listdir('/data/sample')"))
    print(own.run("open('/data/sample/mine.txt', 'w')"))
    print(own.run("open('mine.txt', 'w').write('my work')"))
    page.screenshot(path="/tmp/w/br/new.png")
    people.stop(page)
    page.screenshot(path="/tmp/w/br/stopped.png")
    page.get_by_role("button", name="Start My Server").click()
    page.wait_for_url(people.SPAWN)
    page.screenshot(path="/tmp/w/br/again.png")
    people.choose(page, "C++")
    Lab(page).arrive()
    page.screenshot(path="/tmp/w/br/again2.png")
    assert 0
