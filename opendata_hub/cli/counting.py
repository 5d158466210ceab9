"""Numbers of things, in words."""


def count(number: int, what: str) -> str:
    """``1 home``, ``1,000 homes``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
