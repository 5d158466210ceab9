"""Services of a hub that is killed."""

import subprocess
import sys

CHILD = """
import signal
from opendata_hub.services.orphan import end_with_hub
end_with_hub()
print("runs", flush=True)
signal.pause()
"""
HUB = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print("runs", flush=True)
child.wait()
"""


def test_a_service_ends_when_its_hub_is_killed() -> None:
    """Else the next hub's would find the port taken. It holds our end of a pipe until then."""
    command = [sys.executable, "-c", HUB]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as hub:
        assert hub.stdout and hub.stderr
        assert hub.stdout.readline() == b"runs\n"
        hub.kill()
        assert b"The hub is gone" in hub.stderr.read()  # to its end, which is that of the service
