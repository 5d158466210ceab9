"""The texts of systemd's units: what runs the hub, and what saves it each night."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from opendata_hub import places
from opendata_hub.install import environment, systemd
from opendata_hub.install.furnishing import file
from opendata_hub.settings import Settings
from opendata_hub.settings.backup import JOURNAL, Backup

HEAD = "# Made by `opendata-hub install`, which writes it anew; changes: systemctl edit {name}"
_MEANING = re.compile(r"""[\s"';\\]""")
KEYS = "backup.env"
"""File beside hub.yaml with variables for the backup, such as keys of a bucket."""

# root's, of which the engine's socket makes one anyway; but for these it has no more rights than
# anybody. They are for: the firewall's rules, ports 80 and 443, quotas and snapshots of btrfs,
# people's files, looking after who fills a disk, logins by the machine's accounts, ending helpers.
_RIGHTS = (
    "CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_SYS_ADMIN CAP_CHOWN CAP_DAC_OVERRIDE "
    "CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_SYS_PTRACE CAP_SETUID CAP_SETGID "
    "CAP_AUDIT_WRITE CAP_KILL"
)

_HUB = """\
{head}
[Unit]
Description=opendata-hub: notebooks for a class
Wants=network-online.target docker.service
After=network-online.target remote-fs.target docker.service nftables.service time-sync.target
RequiresMountsFor={mounts}
# An engine may come back: it is tried again for ever.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={program} start --config {config}
WorkingDirectory={data}
RuntimeDirectory=opendata-hub
RuntimeDirectoryPreserve=yes
Environment=PYTHONUNBUFFERED=1
SyslogIdentifier=opendata-hub
Restart=always
RestartSec=5
# Building an image takes minutes; the hub is told to end alone, and ends its own helpers.
TimeoutStartSec=20min
TimeoutStopSec=60
KillMode=mixed
# People's servers are no part of this unit: they go on while it is restarted.
OOMScoreAdjust=-500
LimitNOFILE=65536
TasksMax=4096

CapabilityBoundingSet={rights}
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths={writable}
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0022

[Install]
WantedBy=multi-user.target
"""

_BACKUP = """\
{head}
[Unit]
Description=Backup of opendata-hub
After=docker.service network-online.target
Wants=network-online.target
RequiresMountsFor={mounts}

[Service]
Type=oneshot
Environment={journal}=yes
EnvironmentFile=-{keys}
ExecStart={program} backup --config {config} --keep {keep} -- {to}
SyslogIdentifier=opendata-hub-backup
Nice=10
IOSchedulingClass=idle
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
SystemCallArchitectures=native
"""

_TIMER = """\
{head}
[Unit]
Description=Backup of opendata-hub each night

[Timer]
OnCalendar=*-*-* {at}:00
Persistent=yes
RandomizedDelaySec=5min

[Install]
WantedBy=timers.target
"""


def hub(settings: Settings, engine: str) -> str:
    """
    Return the unit of a hub.

    Args:
        engine: where the engine keeps its volumes, which homes may be.
    """
    return _HUB.format(
        head=HEAD.format(name=systemd.HUB),
        mounts=_words(_mounts(settings)),
        program=environment.program(environment.link()),
        config=file(),
        data=places.DATA,
        rights=_RIGHTS,
        writable=_words(_writable(settings, engine)),
    )


def backup(entry: Backup) -> dict[str, str]:
    """Return the units of the nightly backup, by name; none where nothing says where it goes."""
    if entry.to is None:
        return {}
    mounts = [places.DATA, *([Path(entry.to)] if entry.to.startswith("/") else [])]
    service = _BACKUP.format(
        head=HEAD.format(name=systemd.BACKUP),
        mounts=_words(mounts),
        journal=JOURNAL,
        keys=places.CONFIG / KEYS,
        program=environment.program(environment.link()),
        config=file(),
        keep=entry.keep,
        to=_word(entry.to.replace("$", "$$")),  # variables are in commands only
    )
    timer = _TIMER.format(head=HEAD.format(name=systemd.NIGHTLY), at=entry.at)
    return {systemd.BACKUP: service, systemd.NIGHTLY: timer}


def _mounts(settings: Settings) -> list[Path]:
    return [places.DATA, *([settings.homes.path] if settings.homes.path else [])]


def _writable(settings: Settings, engine: str) -> Iterator[str | Path]:
    yield places.DATA
    if settings.homes.path and not settings.homes.path.is_relative_to(places.DATA):
        yield f"-{settings.homes.path}"
    if settings.homes.storage == "volume":
        yield f"-{engine}/volumes"
    if settings.audit.file:
        yield f"-{(settings.folder / settings.audit.file.expanduser()).parent}"
    yield "-/etc/docker/certs.d"
    yield "-/run/faillock"


def _words(words: Iterable[str | Path]) -> str:
    return " ".join(_word(str(word)) for word in words)


def _word(text: str) -> str:
    """Write one word as systemd reads it: within quotes where anything in it means something."""
    safe = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{safe}"' if _MEANING.search(text) else safe
