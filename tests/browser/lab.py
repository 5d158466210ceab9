"""What a student does in JupyterLab, with mouse and keyboard."""

import re

from playwright.sync_api import Locator, Page, expect


class Lab:
    """JupyterLab in a tab."""

    def __init__(self, page: Page) -> None:
        self.page = page
        # JupyterLab says so when it lists the folder at the moment in which a file is renamed.
        lost = page.get_by_role("dialog", name="Directory not found")
        page.add_locator_handler(lost, lambda it: it.get_by_role("button", name="Close").click())

    def arrive(self) -> "Lab":
        """Wait until the hub has brought this tab into JupyterLab."""
        self.page.wait_for_url(re.compile(r"/user/[^/]+/lab"))
        expect(self.page.locator(".jp-DirListing-content")).to_be_visible()
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)
        return self

    def file(self, name: str) -> Locator:
        """A file in the list on the left."""
        return self.page.locator(".jp-DirListing-item", has_text=name)

    def menu(self, name: str, entry: str) -> None:
        """Choose an entry of a menu."""
        self.page.locator("#jp-MainMenu").get_by_role("menuitem", name=name, exact=True).click()
        # a shortcut is a part of the entry's name
        self.page.get_by_role("menuitem", name=re.compile(f"^{entry}")).click()

    def hub_control_panel(self) -> Page:
        """Open the hub's home page, in a tab of its own."""
        with self.page.expect_popup() as popup:
            self.menu("File", "Hub Control Panel")
        return popup.value

    def open(self, name: str) -> "Notebook":
        """Open a notebook from the list of files."""
        self.file(name).dblclick()
        return self._opened(name)

    def new_notebook(self) -> "Notebook":
        """Make a notebook, from the launcher."""
        self.menu("File", "New Launcher")
        cards = self.page.locator('.jp-LauncherCard[data-category="Notebook"]')
        cards.filter(visible=True).first.click()
        return self._opened("Untitled.ipynb")

    def _opened(self, name: str) -> "Notebook":
        # The status bar speaks of the notebook before for a moment, so it is not asked first.
        expect(self.file(name)).to_contain_class("jp-mod-running")
        return Notebook(self.page).ready()


class Notebook:
    """The notebook in front."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        self.plots = self.panel.locator(".jp-OutputArea-output img")

    def ready(self) -> "Notebook":
        """Wait until its kernel is there and has nothing to do."""
        expect(self.page.locator("#jp-main-statusbar")).to_contain_text("| Idle")
        return self

    def run_all(self, cells: int) -> None:
        """Run all of its so many code cells; one that fails stops those after it."""
        Lab(self.page).menu("Run", "Run All Cells")
        expect(self.panel.get_by_text(f"[{cells}]:")).to_be_visible()

    def run(self, code: str) -> str:
        """Run code in the last cell, and return what came out."""
        cell = self.type(code)
        self.page.keyboard.press("Shift+Enter")
        expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]"))
        return cell.locator(".jp-Cell-outputArea").inner_text()

    def save(self) -> None:
        """Save it."""
        self.page.keyboard.press("Control+s")
        self._saved()

    def save_as(self, name: str) -> None:
        """Save a new one, which asks for its name."""
        self.page.keyboard.press("Control+s")
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("textbox").fill(name)
        dialog.get_by_role("button", name="Rename and Save").click()
        self._saved()

    def _saved(self) -> None:
        tab = self.page.locator(".lm-TabBar-tab.jp-mod-current")
        expect(tab).not_to_contain_class("jp-mod-dirty")

    def type(self, code: str) -> Locator:
        """Write code into the last cell."""
        cells = self.panel.locator(".jp-CodeCell")
        cell = cells.nth(cells.count() - 1)  # not cells.last: once this one runs, that is the next
        cell.locator(".cm-content").click()
        self.page.keyboard.insert_text(code)
        return cell
