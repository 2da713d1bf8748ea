"""Programs that run in the container, under the image's own Python: standard library only, syntax of Python 3.5.

    supervisor.py  process 1: takes requests, starts and ends all others, is never a fork's parent in memory
    worker.py      a warm interpreter that has done a check's imports and forks for each candidate
    trial.py       one fork: runs the check, reports what happened
    snippet.py     a check's code, its imports apart
    imports.py     code of changed files in the place of the files
    swap.py        code of changed functions in the place of loaded ones
    watching.py    output and end of a process, under a deadline
    processes.py   what one process can do to another
    files.py       the tree to work in, and what a run left behind
    plain_tests.py tests of a repository, where pytest is absent
    channel.py     JSON objects over pipes

They come into the container as text, by the command line: see `kent_agent.execution.sandbox`.
"""
