"""``python -m opendata_hub.services PACKAGE``: what the hub starts where a service has pages."""

import runpy
import sys

from opendata_hub.services import door

if __name__ == "__main__":
    door.take()
    runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)
