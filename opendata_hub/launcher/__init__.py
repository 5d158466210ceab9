"""
Files that go into the containers of notebook servers, whatever the image.

``sitecustomize.py`` beside this makes them start quickly; the hub never imports it. ``share`` holds
what JupyterLab loads: the warning before a stop, and how full the home is.
"""

from opendata_hub.launcher.volume import FOLDER, SHARE, Launcher, environment

__all__ = ["FOLDER", "SHARE", "Launcher", "environment"]
