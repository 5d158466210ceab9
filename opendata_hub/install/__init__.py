"""
A machine that is a hub: it starts at boot, is upgraded, goes back, and is removed.

Each step looks first whether anything is to do, and changes only what differs. What a hub needs of
its machine, :mod:`.ground`, ``opendata-hub start`` shares with ``opendata-hub install``.
"""
