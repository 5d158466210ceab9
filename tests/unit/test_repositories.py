"""Asking a git repository whether it is there."""

import subprocess
from pathlib import Path

from opendata_hub.machine.repositories import fault


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder, as somebody."""
    somebody = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *somebody, *arguments], cwd=folder, check=True)


def test_a_repository_and_its_branches(tmp_path: Path) -> None:
    """Nothing is said of a branch or tag that is there; one that is not is named."""
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    assert fault(str(tmp_path)) == f"{tmp_path} has no commit yet."
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "first")
    git(tmp_path, "tag", "v1")

    assert [fault(str(tmp_path), name) for name in (None, "main", "v1")] == ["", "", ""]
    assert fault(str(tmp_path), "mian") == f"{tmp_path} has no branch or tag 'mian'."


def test_no_repository(tmp_path: Path) -> None:
    """What git said last comes along."""
    assert fault(str(tmp_path)).startswith(f"{tmp_path} does not answer: ")
