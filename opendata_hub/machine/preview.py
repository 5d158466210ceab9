"""What the preview needs in this Python's environment: there servers are local processes."""

import sys
from pathlib import Path

from opendata_hub.machine import Say
from opendata_hub.machine.commands import run

REQUIREMENTS = "requirements.in"


def ensure(recipes: list[Path], say: Say) -> None:
    """
    Install what recipes ask for beside this Python, in versions that fit it.

    Args:
        recipes: folders; one without ``requirements.in`` adds nothing.

    Raises:
        MachineError: the installation failed.
    """
    files = [folder / REQUIREMENTS for folder in recipes if (folder / REQUIREMENTS).is_file()]
    say("Installing JupyterLab and the starter's packages for the preview")
    wanted = [argument for file in files for argument in ("--requirement", str(file))]
    run([sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *wanted], say)
