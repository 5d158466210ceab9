"""What a student does in JupyterLab, with mouse and keyboard."""

import re

from playwright.sync_api import Locator, Page, expect


class Lab:
    """JupyterLab in a tab."""

    def __init__(self, page: Page) -> None:
        self.page = page

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
        self.page.get_by_role("menuitem", name=entry, exact=True).click()

    def open(self, name: str) -> "Notebook":
        """Open a notebook from the list of files."""
        self.file(name).dblclick()
        return Notebook(self.page).ready()

    def new_notebook(self) -> "Notebook":
        """Make a notebook, from the launcher."""
        if not self.page.locator(".jp-LauncherCard").first.is_visible():
            self.menu("File", "New Launcher")
        self.page.locator('.jp-LauncherCard[data-category="Notebook"]').first.click()
        return Notebook(self.page).ready()


class Notebook:
    """The notebook in front."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def ready(self) -> "Notebook":
        """Wait until its kernel does."""
        expect(self.panel.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute(
            "data-status", "idle"
        )
        return self

    def run(self, code: str) -> str:
        """Run code in the last cell, and return what came out."""
        cell = self.panel.locator(".jp-CodeCell").last
        cell.locator(".cm-content").click()
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Shift+Enter")
        expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]"))
        return cell.locator(".jp-Cell-outputArea").inner_text()
