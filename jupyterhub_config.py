"""The hub as hub.yaml describes it: edit that file, not this one."""

from opendata_hub.settings import configure

configure(c, beside=__file__)  # noqa: F821 - JupyterHub provides c
