"""What nobody does by accident on the internet: to let in anybody, and passwords in the open."""

from collections.abc import Iterator

from opendata_hub.errors import ConfigError
from opendata_hub.settings import login
from opendata_hub.settings.entrance import ANYBODY
from opendata_hub.settings.model import PLAIN_HTTP, HubFile
from opendata_hub.settings.presets import METHODS, NATIVE


def require_meant(file: HubFile, where: str) -> None:
    """
    Refuse what strangers on the internet could use, unless hub.yaml says so in words.

    Raises:
        ConfigError: one sentence per fault.
    """
    if found := [f"{where}: {fault}" for fault in faults(file)]:
        raise ConfigError("\n".join(found))


def faults(file: HubFile) -> Iterator[str]:
    """Say what would be open to strangers, one sentence per fault; nothing if no stranger comes."""
    if not file.hub.is_public:
        return
    if not file.hub.is_https and not file.hub.plain_http:
        yield (
            f"hub.url is {file.hub.url!r}, an address of the internet, where everyone on the way "
            f"could read passwords; write https://{file.hub.host}, and the hub gets itself a "
            f"certificate. To have it nevertheless, write hub.plain_http: {PLAIN_HTTP}."
        )
    if (how := _by_anybody(file)) and not file.login.open_to_anybody:
        yield (
            f"login lets in anybody ({how}), and hub.url is {file.hub.url!r}, an address of the "
            "internet; write under login.allow who may come in. To let in everyone nevertheless, "
            f"write login.open_to_anybody: {ANYBODY}."
        )


def _by_anybody(file: HubFile) -> str:
    """The key by which anybody could come in; empty where nobody could."""
    name, options = file.login.method, file.login.options
    if name == NATIVE:
        return "options.open_signup" if options.get("open_signup") else ""
    for key, written in (
        ("allow.everybody", file.login.allow.everybody),
        ("options.allow_all", options.get("allow_all")),
    ):
        if written and (name not in METHODS or METHODS[name].anybody):
            return key
    return ""


def warnings(file: HubFile) -> list[str]:
    """What may be meant, and may be a mistake."""
    known = login.method(file.login.method)
    allow, options = file.login.allow, file.login.options
    lets_in = allow.model_fields_set or any(name.startswith("allow") for name in options)
    if known.provider and not lets_in:
        return ["Nobody but the admins may log in yet: write under login.allow who may."]
    return []
