"""A hub that is killed leaves its services behind, which would keep their ports from the next."""

import logging
import os
import signal
import threading
import time

_EVERY = 1.0  # seconds


def end_with_hub() -> None:
    """End this process, soon, when the one that started it is gone."""
    threading.Thread(target=_look, args=(os.getppid(),), daemon=True).start()


def _look(hub: int) -> None:
    while os.getppid() == hub:
        time.sleep(_EVERY)
    logging.error("The hub is gone")
    os.kill(os.getpid(), signal.SIGTERM)
