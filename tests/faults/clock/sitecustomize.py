"""A clock that a test sets, for each Python that finds this; what counts seconds goes on."""

import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import time_machine


def follow(file: Path) -> None:
    """Be as far ahead of the machine's clock as the file says, in seconds."""
    offset = "0"
    travels: list[time_machine.travel] = []
    while True:
        if file.read_text() != offset:
            offset = file.read_text()
            if travels:
                travels.pop().stop()
            there = datetime.now(timezone.utc) + timedelta(seconds=float(offset))
            travels.append(time_machine.travel(there, tick=True))
            travels[-1].start()
        threading.Event().wait(0.2)


ahead = Path(__file__).with_name("ahead")
threading.Thread(target=follow, args=(ahead,), daemon=True).start()
