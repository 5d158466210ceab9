"""The notebook that a class works through: its code cells."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opendata_hub.errors import ConfigError

LESSON = Path(__file__).with_name("lesson.ipynb")
"""A small one in plain Python, that runs in any image with a Python kernel."""

_FORMAT = 4


@dataclass(frozen=True)
class Notebook:
    """
    What a kernel is asked to run.

    Attributes:
        kernel: name of the kernel that it was written with; may be empty.
        language: of that kernel, in lower case; may be empty.
        cells: source of each code cell that is not empty.
    """

    name: str
    kernel: str
    language: str
    cells: tuple[str, ...]


def load(path: Path = LESSON) -> Notebook:
    """
    Read a notebook.

    Raises:
        ConfigError: it cannot be read, is no notebook, or has no code.
    """
    found = _read(path)
    spec, about = _part(found, "kernelspec"), _part(found, "language_info")
    cells = tuple(_code(found))
    if not cells:
        raise ConfigError(f"{path} has no code cell; there is nothing to run.")
    language = str(spec.get("language") or about.get("name") or "").lower()
    return Notebook(path.name, str(spec.get("name") or ""), language, cells)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("nbformat") != _FORMAT:
        raise ConfigError(
            f"{path} is no notebook of format {_FORMAT}; write the path of a file .ipynb that "
            "JupyterLab has saved."
        )
    return found


def _part(found: dict[str, Any], name: str) -> dict[str, Any]:
    part = (found.get("metadata") or {}).get(name)
    return part if isinstance(part, dict) else {}


def _code(found: dict[str, Any]) -> list[str]:
    cells = (cell for cell in found.get("cells", ()) if cell.get("cell_type") == "code")
    sources = ("".join(cell.get("source", "")) for cell in cells)
    return [source for source in sources if source.strip()]


def pick_kernel(notebook: Notebook, specs: dict[str, Any]) -> str | None:
    """
    Choose the kernel for a notebook: the one it names, else one of its language.

    Args:
        specs: what a server answers about its kernels.

    Returns:
        Name of the kernel; None where the server has none for it.
    """
    offered = specs.get("kernelspecs", {})
    if notebook.kernel in offered:
        return notebook.kernel
    languages = {
        name: str(one["spec"].get("language", "")).lower() for name, one in offered.items()
    }
    fitting = [name for name, language in languages.items() if language == notebook.language]
    default = specs.get("default")
    return str(default) if default in fitting else next(iter(fitting), None)
