"""
A class played on a hub that runs: invented students start, work through a notebook, and are gone.

The hub is spoken to as browsers speak to it, over HTTP; of the spawner nothing is known here.
"""
