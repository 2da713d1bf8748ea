"""Running code of a repository in a container of its instance's image, and nowhere else.

sandbox.py     one container: what it may do, how it starts and ends, commands and trees in it
client.py      checks and candidates in, outcomes out
junit.py       results of tests, from the report that pytest writes
attachment.py  the line to the program in the container
leftovers.py   containers that a killed run left behind
inside/        the programs in the container: standard library only, Python 3.5
"""
