"""
Everything that this package raises on purpose.

::

    OpenDataError            a sentence for a person: what, where, what is allowed, what to do
    ├── ConfigError          a file or a setting is wrong; the hub refuses to start
    ├── ChoiceError          the options of a start are refused; nothing is started
    ├── MachineError         a step of setting up this machine failed
    ├── RehearsalError       a class cannot be played on this hub
    ├── StorageError         homes cannot be had, or not what was asked of them
    ├── DataError            a dataset cannot be had, or is not whole
    ├── BackupError          the hub cannot be saved or brought back, or a backup has a fault
    └── EngineError          the container engine cannot do what was asked
        ├── EngineUnreachable    it does not answer, or not to us
        ├── ImageNotFound        it has no such image, nor has the registry
        ├── PullError            the registry refused, or the pull broke off
        └── PushError            the same of a push
"""


class OpenDataError(Exception):
    """Base of all: ``str(error)`` is a sentence that can be shown as it is."""


class ConfigError(OpenDataError):
    """A file or a setting is wrong. The text names the file, the key, the value and the way out."""


class ChoiceError(OpenDataError):
    """The options of a start are refused.

    Attributes:
        status: HTTP status, 4xx.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class MachineError(OpenDataError):
    """A step of setting up this machine failed. The text has the command that mends it."""


class RehearsalError(OpenDataError):
    """A class cannot be played on this hub. The text says why, and what to do."""


class StorageError(OpenDataError):
    """Homes cannot be had, or their storage does not do what was asked. The text says why."""


class DataError(OpenDataError):
    """A dataset cannot be had, or is not whole. The text says which file, why, and what to do."""


class BackupError(OpenDataError):
    """The hub cannot be saved or brought back, or a backup has a fault. The text says the way."""


class EngineError(OpenDataError):
    """The container engine cannot do what was asked."""


class EngineUnreachable(EngineError):
    """The container engine does not answer, or does not let this process in."""


class ImageNotFound(EngineError):
    """Neither the engine nor the registry has the image."""


class PullError(EngineError):
    """The registry refused, or the pull broke off."""


class PushError(EngineError):
    """The registry refused, or the push broke off."""
