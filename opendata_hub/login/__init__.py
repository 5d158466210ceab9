"""How people log in: the hub's authenticators, mended and guarded. Knows no file of settings."""
