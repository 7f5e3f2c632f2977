"""One folder a mutant: a sitecustomize.py that takes one guard out of a child process.

The folder is put in front of PYTHONPATH, so production code holds no switch. A mutant that the checker does
not catch proves that a chaos test proves nothing.
"""
