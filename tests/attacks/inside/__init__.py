"""
What a student's kernel runs: each function tries something, and returns what came of it.

A file is given to the kernel as a whole; it has nothing of ours, and no package.
"""
