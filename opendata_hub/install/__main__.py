"""``python -m opendata_hub.install``: this version writes its units; the one before calls it."""

import sys

from opendata_hub.errors import OpenDataError
from opendata_hub.install import service
from opendata_hub.install.furnishing import file
from opendata_hub.settings import load


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    try:
        service.write_units(load(file()), _say)
    except OpenDataError as error:
        sys.exit(str(error))
