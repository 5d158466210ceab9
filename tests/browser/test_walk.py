"""One student, from the first login to the files of last time."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.lab import Lab
from tests.browser.product import ProductHub

PHASES = re.compile("Creating your container|Starting your container|Waiting for your notebook")


def test_a_student_s_first_day(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """A student logs in, chooses, waits, works, stops, and finds the work in another image."""
    page = browse()
    people.log_in(page, hub, hub.newcomer())
    people.choose(page, "Scikit-HEP starter")
    people.expect_start(page)
    expect(page.locator("#progress-message")).to_have_text(PHASES)
    expect(page.locator("#progress-percent")).to_have_text(re.compile(r"[78]\d%"))

    lab = Lab(page).arrive()
    welcome = lab.open("welcome.ipynb")
    welcome.run_all(cells=5)
    expect(welcome.plots).to_be_visible()

    notebook = lab.new_notebook()
    assert notebook.run("open('mine.txt', 'w').write('six' * 2)").endswith("6")
    assert "simulated-dimuon.root" in notebook.run("import os; os.listdir('/data/sample')")
    assert "Read-only file system" in notebook.run("open('/data/sample/mine.txt', 'w')")
    notebook.save_as("mine.ipynb")

    home = lab.hub_control_panel()
    page.close()
    people.stop(home)
    home.get_by_role("button", name="Start My Server").click()
    people.choose(home, "C++")
    lab = Lab(home).arrive()
    expect(lab.file("mine.txt")).to_be_visible()
    notebook = lab.open("mine.ipynb")
    assert "sixsix" in notebook.run("open('mine.txt').read()")
    assert "physics" in notebook.run("import os; os.environ['COURSE']")
