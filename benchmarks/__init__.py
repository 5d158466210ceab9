"""Programs that measure speed; see README.md."""
