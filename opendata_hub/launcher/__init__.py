"""
The quick start of notebook servers: a file that goes into their containers, whatever the image.

``sitecustomize.py`` beside this is that file; the hub never imports it.
"""

from opendata_hub.launcher.volume import FOLDER, Launcher, environment

__all__ = ["FOLDER", "Launcher", "environment"]
