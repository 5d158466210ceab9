"""
Passwords, hashed and compared beside the hub.

bcrypt takes a third of a second of a processor on purpose. In the hub's own thread a class that
logs in would stop it; in too many others, nobody else on this machine would get on.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b

import bcrypt

LONGEST = 72
"""Bytes; bcrypt takes no more."""

_THREADS = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1), "passwords")
# Salts with a digest that no password has: to compare with one takes as long as with a real one.
_NOBODYS = [bcrypt.gensalt(rounds) + b"." * 31 for rounds in (8, 12)]
_KEY = os.urandom(16)


def is_too_long(password: str) -> bool:
    """Whether bcrypt would refuse it."""
    return len(password.encode()) > LONGEST


async def is_right(name: str, password: str, hashed: bytes | None) -> bool:
    """
    Compare a password with what was kept of the right one.

    None, for a user whom nobody knows, takes as long as for some others: those who were given a
    password, or who made one. Else the time would tell who is known.
    """
    if is_too_long(password):
        return False
    loop, known = asyncio.get_running_loop(), _nobodys(name) if hashed is None else hashed
    same = await loop.run_in_executor(_THREADS, bcrypt.checkpw, password.encode(), known)
    return same and hashed is not None


def _nobodys(name: str) -> bytes:
    return _NOBODYS[blake2b(name.encode(), key=_KEY).digest()[0] % len(_NOBODYS)]


async def hashed(password: str) -> bytes:
    """Return what is kept of a password."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(
        _THREADS, lambda: bcrypt.hashpw(password.encode(), bcrypt.gensalt())
    )
