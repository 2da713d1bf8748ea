"""Running code of a repository in a container of its instance's image, and nowhere else.

sandbox.py     one container: what it may do, how it starts and ends, commands and trees in it
client.py      checks and candidates in, outcomes out
runners.py     running a repository's tests, by its own script, pytest or unittest
reports.py     results of tests, from what their runner writes
attachment.py  the line to the program in the container
leftovers.py   containers that a killed run left behind
inside/        the programs in the container: standard library only, Python 3.5
"""
