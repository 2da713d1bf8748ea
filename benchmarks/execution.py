"""Candidates a second in a container: python benchmarks/execution.py --image IMAGE --path FILE --code CODE [--limit N].

The candidates are mutants of one file of the image's repository. The same check runs on each of them in four ways: in
a fork of the warm interpreter; in one of the cold interpreter, as if every change needed new imports; in a `docker
exec` of its own; and in a new interpreter on a tree that git patched, which says whether the first two were right.
"""

import difflib
import io
import time
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Annotated

import docker
import typer

from kent_agent.execution.client import Check, Execution, Outcome, alike
from kent_agent.execution.sandbox import Sandbox

IMAGE = "kent_agent/sweb.eval.demo.saltmarsh_1776_tidemark-8:latest"
PATH = "tidemark/duration.py"
IMPORTS = "import time\nfrom tidemark.duration import Duration\n"
CODE = """\
for text, seconds in (("1h30m", 5400), ("1d4h", 100800), ("-90m", -5400), ("2w", 1209600)):
    duration = Duration.parse(text)
    assert duration.seconds == seconds, (text, duration.seconds)
    print(duration, repr(duration), bool(duration), duration < Duration(0), duration.timedelta())
"""
BUSY = "_end = time.perf_counter() + 0.005\nwhile time.perf_counter() < _end: pass\n"
SWAPS = {
    "<": "<=",
    ">": ">=",
    "<=": "<",
    ">=": ">",
    "==": "!=",
    "!=": "==",
    "+": "-",
    "-": "+",
    "*": "+",
    "/": "*",
    "//": "/",
    "%": "*",
    "+=": "-=",
    "-=": "+=",
    "and": "or",
    "or": "and",
    "not": "",
    "in": "not in",
    "True": "False",
    "False": "True",
    "None": "0",
}

THREAD = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"  # no fork has it

# What one would do without a worker: write the file, start an interpreter, run the check.
ALONE = """\
. /opt/miniconda3/bin/activate 2>/dev/null && conda activate testbed
cat > "$1" <<< "$2"; exec python -c "$3"
"""


def mutants(text: str) -> Iterator[str]:
    """The text with one token changed: an operator or keyword swapped, a number raised by one."""
    lines = text.splitlines(keepends=True)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        new = f"{token.string}+1" if token.type == tokenize.NUMBER else SWAPS.get(token.string)
        if new is not None and token.type in (tokenize.NUMBER, tokenize.OP, tokenize.NAME):
            row = token.start[0] - 1
            line = lines[row][: token.start[1]] + new + lines[row][token.end[1] :]
            yield "".join([*lines[:row], line, *lines[row + 1 :]])


def diff_of(path: str, old: str, new: str) -> str:
    pair = (old.splitlines(keepends=True), new.splitlines(keepends=True))
    return "".join(difflib.unified_diff(*pair, f"a/{path}", f"b/{path}"))


def timed(name: str, count: int, way: Callable[[], object]) -> None:
    """Runs a way, prints its candidates a second."""
    started = time.perf_counter()
    way()
    print(f"{name:34} {count / (time.perf_counter() - started):8.1f} candidates a second")


def main(
    image: Annotated[str, typer.Option(help="An evaluation image that is on this machine.")] = IMAGE,
    path: Annotated[str, typer.Option(help="The file of its repository to mutate.")] = PATH,
    imports: Annotated[str, typer.Option(help="The check's imports.")] = IMPORTS,
    code: Annotated[str, typer.Option(help="The rest of the check; 5 ms of computing are added to it.")] = CODE,
    limit: Annotated[int, typer.Option(min=1, help="Mutants, from the top of the file.")] = 100,
    execs: Annotated[int, typer.Option(min=1, help="Of them, those that get a `docker exec` of their own.")] = 20,
) -> None:
    """Time the ways to run a check on mutants, and compare what they say."""
    busy = imports + BUSY + code
    with closing(docker.from_env()) as client, Sandbox(client, image, budget=1800) as sandbox:
        sandbox.make_tree()
        text = sandbox.run(["cat", path], 10, limit=4 << 20).stdout
        candidates = [{path: mutant} for mutant in mutants(text)][:limit]
        print(f"{len(candidates)} mutants of {path} ({text.count(chr(10))} lines) in {image}")
        outcomes: dict[str, list[Outcome]] = {}
        for name, setup in (("warm where it can be", ""), ("always cold", THREAD)):
            found: list[Outcome] = []
            outcomes[name] = found
            execution = Execution(sandbox, Check(busy, setup=setup))
            timed(name, len(candidates), lambda: found.extend(execution.run(candidates)))  # noqa: B023
            print(f"    {dict(Counter(f'{outcome.how} {outcome.status}' for outcome in found))}")
        container = client.containers.get(sandbox.container_id or "")
        command = ["bash", "-c", ALONE, "alone", path]
        timed(
            "one docker exec a candidate",
            min(execs, len(candidates)),
            lambda: [container.exec_run([*command, c[path], busy], workdir="/kent/tree") for c in candidates[:execs]],
        )
        fresh: list[Outcome] = []
        execution = Execution(sandbox, Check(busy))
        timed(
            "patched tree, new interpreter",
            len(candidates),
            lambda: fresh.extend(execution.confirm(diff_of(path, text, c[path])) for c in candidates),
        )
    for name, found in outcomes.items():
        pairs = [(one, two) for one, two in zip(found, fresh, strict=True) if not alike(one, two)]
        print(f"{name}: {len(pairs)} of {len(found)} disagree with a new interpreter")
        for one, two in pairs:
            print(f"    {one.how}: {one.status} {one.exception} {one.message!r}; fresh: {two.status} {two.exception}")


if __name__ == "__main__":
    typer.run(main)
