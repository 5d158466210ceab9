"""Whether a git repository answers, as far as this machine can tell."""

import os
import subprocess

_PATIENCE = 20  # seconds
_NO_SUCH_REF = 2  # exit code of `git ls-remote --exit-code`


def fault(repository: str, branch: str | None = None) -> str:
    """
    Say what is wrong with a repository, or a branch or tag of it, in a sentence; else nothing.

    Empty, too, where there is no git on this machine to ask with.

    Args:
        repository: its address, checked: git must not read it as an option.
    """
    refs = [f"refs/heads/{branch}", f"refs/tags/{branch}"] if branch else ["HEAD"]
    try:
        asked = subprocess.run(
            ["git", "ls-remote", "--exit-code", "--", repository, *refs],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
        )
    except FileNotFoundError:
        return ""
    except subprocess.TimeoutExpired:
        return f"{repository} did not answer within {_PATIENCE} seconds."
    if asked.returncode == _NO_SUCH_REF:
        missing = f"branch or tag '{branch}'" if branch else "commit yet"
        return f"{repository} has no {missing}."
    said = asked.stderr.strip().splitlines() or ["git gave no reason"]
    return f"{repository} does not answer: {said[-1]}" if asked.returncode else ""
