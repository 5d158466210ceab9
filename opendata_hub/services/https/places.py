"""The folder of the service: what Caddy keeps, and what the service tells others."""

from pathlib import Path


class Places:
    """Paths in the folder; :meth:`make` makes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.configuration = folder / "caddy.json"
        self.authority = folder / "authority"
        self.shown = folder / "shown"
        """What strangers may see."""
        self.waiting = self.shown / "waiting.html"
        """There as long as there is no certificate, instead of the way to https."""
        self.root = self.shown / "authority.crt"
        """A copy of the own authority's certificate, to be trusted by browsers."""
        self.problem = folder / "problem"
        """A sentence about what is wrong; no file where nothing is."""

    def make(self) -> None:
        """Make the folders, closed to other users."""
        for folder in (self.folder, self.shown):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def certificate(self, host: str) -> Path | None:
        """Return the newest certificate that Caddy has for a host; None if it has none."""
        found = self.folder.glob(f"certificates/*/{host}/{host}.crt")
        return max(found, key=lambda file: file.stat().st_mtime, default=None)

    def say(self, problem: str) -> None:
        """Tell others what is wrong; nothing is, if empty."""
        if problem:
            draft = self.problem.with_suffix(".new")
            draft.write_text(problem, "utf-8")
            draft.replace(self.problem)
        else:
            self.problem.unlink(missing_ok=True)


def problem(folder: Path) -> str:
    """Return what the service has to say, as of now; empty where that is nothing."""
    try:
        return Places(folder).problem.read_text("utf-8")
    except OSError:
        return ""
