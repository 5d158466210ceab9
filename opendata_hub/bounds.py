"""How much a server of ours takes in: everybody can send to it, before any login, too."""

from tornado.httpserver import HTTPServer

BODY = 2**20
"""Bytes of a request's body: forms and short JSON. What notebooks send goes past us."""

_SLOWEST = 60.0  # seconds for a body to come


def set_bounds() -> None:
    """
    Have tornado's servers of this process refuse large bodies, and not wait for slow ones.

    They would hold 100 MB for each of as many connections as somebody opens, for as long as that
    takes.
    """
    HTTPServer.configure(None, max_body_size=BODY, body_timeout=_SLOWEST)
