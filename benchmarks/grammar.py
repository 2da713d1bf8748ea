"""What the edit grammar expresses: python benchmarks/grammar.py FIXES.jsonl..., or --split NAME --repos-dir DIR.

Of mined fixes it prints how many are one edit, how many are two or three, and of what kind the others are. Of a split
it derives the edits of the gold patches, applies them to the base commits, and exits with 1 where that does not give
the gold files.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.gold import touched_files
from harness.repositories import open_store
from kent_agent.dataset import load_split
from kent_agent.errors import KentError
from kent_agent.learning.fixes import MinedFix, load_fixes
from kent_agent.source.application import apply
from kent_agent.source.derivation import derive
from kent_agent.source.grammar import Derivation, edit_from_json
from kent_agent.source.import_lines import apply_imports
from kent_agent.source.kinds import EditKind, kinds_between
from kent_agent.source.sameness import effective, import_facts, normal_form
from kent_agent.source.symbols import parse
from kent_agent.task import SWETask
from kent_agent.workspace import RepositoryStore

ONE, FEW = "one edit", "two or three edits"
LIMIT = 3  # edits that count as few
MORE = 12  # edits up to which a change counts as several small ones
WHOLE_DEFINITIONS = {EditKind.ADD_FUNCTION, EditKind.DELETE_FUNCTION, EditKind.REWRITE_FUNCTION}


def class_of(fix: MinedFix) -> str:
    """`ONE` or `FEW`, or roughly what kind of change the grammar does not express."""
    if fix.derivation:
        return ONE if len(fix.edits) == 1 else FEW
    if more := derive(fix.before, fix.text_after, MORE):
        return f"{len(more.edits)} edits"
    try:
        kinds = kinds_between(fix.before, fix.text_after)
    except SyntaxError:
        return "a version does not parse"
    if whole := WHOLE_DEFINITIONS & kinds.keys():
        return f"{min(whole)}, whatever else"
    return " + ".join(sorted(kinds)) or "no kind of edit"


def show_fixes(fixes: Iterator[MinedFix]) -> None:
    """Prints a table for all repositories and one for each split, of all fixes and of single hunks."""
    tables: dict[tuple[str, str], Counter[str]] = {}
    for fix in fixes:
        found = class_of(fix)
        for split in ["all"] + ([fix.split] if fix.split else []):
            for size in ["all sizes"] + (["single hunks of at most 3 lines"] if fix.single_hunk else []):
                tables.setdefault((split, size), Counter())[found] += 1
    for (split, size), counted in sorted(tables.items()):
        print(f"\n{split} repositories, {size}: {shares(counted)}")
        for name, n in counted.most_common(14):
            if name not in (ONE, FEW):
                print(f"{100 * n / counted.total():7.1f} % {n:6}  {name}")


def shares(counted: Counter[str]) -> str:
    """How many there are, and how many of them are one edit and at most three."""
    n, one = counted.total(), counted[ONE]
    few = one + counted[FEW]
    return f"{n}; one edit {one} ({100 * one / n:.1f} %), at most {LIMIT} {few} ({100 * few / n:.1f} %)"


def gold_derivations(
    row: Mapping[str, Any], store: RepositoryStore
) -> Sequence[tuple[str, str, str, Derivation | None]]:
    """Path, text before, text after and edits of each gold file that changes when run.

    Empty where the patch adds, deletes or renames source files, or changes none.
    """
    wanted = touched_files(row["patch"])
    with store.snapshot(SWETask.from_row(row)) as snapshot:
        present = {entry.path for entry in snapshot.files}
        changed = snapshot.apply(row["patch"])
        after = {path: data.decode() for path, data in changed.items() if path.endswith(".py") and data is not None}
        sources = [path for path in sorted(after) if path in wanted or path not in present]
        before = {path: snapshot.read_text(path) for path in sources}
    found = []
    for path in sources:
        text = before[path]
        if text is None:
            return []
        if normal_form(effective(parse(text).body)) != normal_form(effective(parse(after[path]).body)):
            found.append((path, text, after[path], derive(text, after[path], LIMIT)))
    return found if wanted <= after.keys() else []


def gives(before: str, after: str, derivation: Derivation) -> bool:
    """Whether edits, written to JSON and read again, turn one text into one that runs like the other."""
    edits = [edit_from_json(row) for row in json.loads(json.dumps([edit.as_json() for edit in derivation.edits]))]
    result = parse(apply_imports(apply(before, edits), derivation.imports)).body
    wanted = parse(after).body
    rest = [
        normal_form(effective([node for node in body if node not in {each for each, _ in import_facts(body).values()}]))
        for body in (result, wanted)
    ]
    return rest[0] == rest[1] and import_facts(result).keys() == import_facts(wanted).keys()


def check_split(rows: Sequence[Mapping[str, Any]], store: RepositoryStore) -> bool:
    """Prints how many gold patches are one edit and at most three; tells whether each of those gives the gold files."""
    counted: Counter[str] = Counter()
    sound = True
    for row in rows:
        found = gold_derivations(row, store)
        derivations = [derivation for *_, derivation in found if derivation]
        edits = sum(len(derivation.edits) for derivation in derivations)
        expressed = bool(found) and len(derivations) == len(found) and edits <= LIMIT
        counted[("more or others", ONE, FEW, FEW)[edits if expressed else 0]] += 1
        if expressed:
            actions = ", ".join(edit.action for derivation in derivations for edit in derivation.edits)
            print(f"{row['instance_id']:40} {edits}  {actions}")
        for path, before, after, derivation in found:
            if derivation and not gives(before, after, derivation):
                sound = False
                print(f"{row['instance_id']}: the edits of {path} do not give the gold file", file=sys.stderr)
    print(f"\ngold patches: {shares(counted)}")
    return sound


def main(
    fixes: Annotated[
        list[Path] | None, typer.Argument(help="Files that kent_agent.mine wrote, or parts of them.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="lite, verified, full, dev, demo, NAME:SPLIT or a path.")] = None,
    repos_dir: Annotated[Path | None, typer.Option(help="Git mirrors [env KENT_REPOS_DIR].")] = None,
) -> None:
    """Tell what share of mined fixes, or of a split's gold patches, the edit grammar expresses."""
    try:
        if fixes:
            show_fixes(chain.from_iterable(map(load_fixes, fixes)))
        if split:
            data = load_split(split)
            if not check_split(data.rows, open_store(data, repos_dir)):
                raise typer.Exit(1)
    except KentError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    typer.run(main)
