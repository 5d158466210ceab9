"""
Write a catalogue for hubs that take the images from a registry: ``publish.py PUSHED.JSON FOLDER``.

The first argument is what ``opendata-hub images push --json`` printed. The folder gets
``catalogue.yaml`` and a ``hub.yaml`` that names it; ``opendata-hub images lock --config
FOLDER/hub.yaml`` adds the digests.
"""

import json
import sys
from pathlib import Path

from ruamel.yaml import YAML

CATALOGUE = Path(__file__).resolve().parents[1] / "catalogue.yaml"


def main(pushed: Path, folder: Path) -> None:
    """Give each entry that was pushed its name in the registry, and leave the others out."""
    names = {entry["slug"]: entry["pushed"] for entry in json.loads(pushed.read_text("utf-8"))}
    yaml = YAML()
    catalogue = yaml.load(CATALOGUE)
    kept = [entry for entry in catalogue if entry["slug"] in names]
    for entry in kept:
        entry["image"] = names[entry["slug"]]
        del entry["build"]
    folder.mkdir(exist_ok=True)
    with (folder / "catalogue.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(kept, file)
    (folder / "hub.yaml").write_text("images: catalogue.yaml\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
