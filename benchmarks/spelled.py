"""How much of what an issue spells out is taken up: python benchmarks/spelled.py FIXES.jsonl [--split train].

Mined fixes of one hunk are told in the ways in which people tell a fix (`WORDINGS`: a patch, two blocks, `a` should be
`b`, ...), each in an issue of its own. Of each way it prints in how many issues the fix is the first candidate, and one
of the first ten; the file and the function are given.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from textwrap import dedent
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.weights import weights_path
from kent_agent.filling.model import FillingModel
from kent_agent.generator import CodeGenerator, fault
from kent_agent.learning.fixes import MinedFix, load_fixes
from kent_agent.resonator import Factorization
from kent_agent.source.grammar import OLD, Action
from kent_agent.source.issue import parse_issue
from kent_agent.source.sameness import same
from kent_agent.source.symbols import Symbol, parse, symbols
from kent_agent.source.writing import written
from kent_agent.task import Operation
from kent_agent.workspace import Commit, FileEntry

_CONTEXT = 2  # lines that an excerpt shows before and behind what changes
_REPLACING = (Action.REPLACE_EXPRESSION, Action.RENAME, Action.EDIT_LITERAL, Action.SWAP_OPERATOR)


@dataclass(frozen=True)
class OneFile:
    """A repository of one file, without a history."""

    path: str
    text: str

    @property
    def files(self) -> list[FileEntry]:
        return [FileEntry(self.path, "0" * 40, len(self.text))]

    def read_text(self, path: str) -> str | None:
        return self.text if path == self.path else None

    def read_texts(self, paths: Sequence[str]) -> list[str | None]:
        return [self.read_text(path) for path in paths]

    def ancestors(self, limit: int) -> list[str]:
        return []

    def commits(self, shas: Sequence[str]) -> list[Commit]:
        return []

    def added_lines(self, shas: Sequence[str]) -> list[dict[str, Sequence[str]]]:
        return []


@dataclass(frozen=True)
class Told:
    """A fix as one has it before one's eyes: lines of the hunk, and where it is one, the expression that changes."""

    path: str
    name: str
    line: int
    old: str
    new: str
    before: str
    after: str
    body: str
    patch: str
    old_expression: str
    new_expression: str

    @classmethod
    def of(cls, fix: MinedFix) -> "Told":
        """A fix of one hunk."""
        lines, text_after = fix.before.split("\n"), fix.text_after
        ((start, end, new),) = fix.after
        head, tail = lines[max(start - _CONTEXT, fix.start - 1) : start], lines[end : min(end + _CONTEXT, fix.end)]
        edit = fix.edits[0]
        expression = len(fix.edits) == 1 and edit.site.action in _REPLACING and OLD not in edit.tokens
        diff = unified_diff(lines, text_after.split("\n"), f"a/{fix.path}", f"b/{fix.path}", lineterm="")
        grown = len(text_after.split("\n")) - len(lines)
        return cls(
            fix.path,
            fix.symbol.rpartition(".")[2],
            start + 1,
            "\n".join(lines[start:end]),
            "\n".join(new),
            "\n".join(head),
            "\n".join(tail),
            dedent("\n".join(text_after.split("\n")[fix.start - 1 : fix.end + grown])),
            "\n".join(diff),
            fix.before[edit.site.start : edit.site.end] if expression else "",
            written(edit.tokens) if expression else "",
        )

    def around(self, changed: str) -> str:
        """Lines in the place of those that change, with what stands around them."""
        return dedent("\n".join(part for part in (self.before, changed, self.after) if part))


def fenced(code: str, language: str = "python") -> str:
    """Code in a fence."""
    return f"```{language}\n{dedent(code)}\n```"


def _one_line(told: Told) -> bool:
    return "\n" not in told.old and "\n" not in told.new and bool(told.old.strip()) and bool(told.new.strip())


def _pair(template: str) -> Callable[[Told], str]:
    """A sentence of the old and the new line; nothing where either is none or more."""

    def wording(told: Told) -> str:
        return template.format(old=told.old.strip(), new=told.new.strip(), **_where(told)) if _one_line(told) else ""

    return wording


def _expressions(template: str) -> Callable[[Told], str]:
    def wording(told: Told) -> str:
        fits = told.old_expression and "\n" not in told.old_expression + told.new_expression
        return template.format(old=told.old_expression, new=told.new_expression, **_where(told)) if fits else ""

    return wording


def _marked(sign: str, code: str) -> str:
    return "".join(f"{sign}{line}\n" for line in code.split("\n") if code)


def _where(told: Told) -> dict[str, object]:
    return {"path": told.path, "name": told.name, "line": told.line}


def _added(told: Told) -> str:
    if told.old.strip() or not told.new.strip() or "\n" in told.new or not told.before.strip():
        return ""
    return f"Adding `{told.new.strip()}` after `{told.before.strip().splitlines()[-1].strip()}` solves it."


def _removed(told: Told) -> str:
    if told.new.strip() or "\n" in told.old or not told.old.strip():
        return ""
    return f"Removing the line `{told.old.strip()}` in `{told.name}` solves it."


def _commented(told: Told) -> str:
    if not _one_line(told):
        return ""
    indent = told.old[: len(told.old) - len(told.old.lstrip())]
    changed = f"{indent}# {told.old.strip()}\n{told.new}"
    return f"I got it to work by this change:\n\n{fenced(told.around(changed))}"


WORDINGS: dict[str, Callable[[Told], str]] = {
    "patch": lambda told: f"The following patch fixes it:\n\n```diff\n{told.patch}\n```",
    "patch, not fenced": lambda told: f"The following patch fixes it:\n\n{told.patch}\n",
    "patch without headers": lambda told: (
        "This fixes it:\n\n```diff\n" + "\n".join(told.patch.split("\n")[3:]) + "\n```"
    ),
    "minus and plus lines": lambda told: (
        f"This fixes it:\n\n```diff\n{_marked('-', told.old)}{_marked('+', told.new)}```"
    ),
    "two blocks": lambda told: (
        f"The culprit is in `{told.name}`:\n\n{fenced(told.old)}\n\nIt should be:\n\n{fenced(told.new)}"
        if told.old.strip() and told.new.strip()
        else ""
    ),
    "two excerpts": lambda told: (
        f"The code in {told.path} is\n\n{fenced(told.around(told.old))}\n\n"
        f"and I think it should be\n\n{fenced(told.around(told.new))}"
    ),
    "two blocks, indented": lambda told: (
        f"In {told.path} there is\n\n{_indented(told.old)}\n\nwhich should be\n\n{_indented(told.new)}\n"
        if told.old.strip() and told.new.strip()
        else ""
    ),
    "function": lambda told: f"A fix would be:\n\n{fenced(told.body)}",
    "excerpt": lambda told: f"I fixed it like this:\n\n{fenced(told.around(told.new))}",
    "excerpt, old line commented": _commented,
    "excerpt, indentation lost": lambda told: (
        "I fixed it like this:\n\n" + "\n".join(line.strip() for line in told.around(told.new).split("\n")) + "\n"
    ),
    "excerpt, not fenced": lambda told: f"I fixed it like this:\n\n{told.around(told.new)}\n",
    "line: changing to": _pair("Changing `{old}` to `{new}` fixes it."),
    "line: should be": _pair("In `{name}`, `{old}` should be `{new}`."),
    "line: instead of": _pair("It should be `{new}` instead of `{old}`."),
    "line: number": _pair("Line {line} of {path} should be `{new}`."),
    "line: arrow": _pair("Possible fix: `{old}` -> `{new}`"),
    "expression: should be": _expressions("I think `{old}` in `{name}` should be `{new}`."),
    "expression: use instead": _expressions("`{name}` should use `{new}` instead of `{old}`."),
    "expression: replace": _expressions("Replacing `{old}` with `{new}` in `{name}` fixes it."),
    "expression: replace by": _expressions("We could replace `{old}` by `{new}` there."),
    "expression: changed": _expressions("If I change `{old}` to `{new}` it works."),
    "expression: arrow": _expressions("Possible fix: `{old}` => `{new}`"),
    "expression: rather than": _expressions("Here `{new}` must be used rather than `{old}`."),
    "expression: no marks": _expressions("Replacing {old} with {new} in {name} fixes it."),
    "adding": _added,
    "removing": _removed,
}


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" for line in dedent(code).split("\n"))


def chosen(fixes: Iterator[MinedFix], split: str, limit: int) -> list[MinedFix]:
    """Fixes of one hunk in functions, those whose keys are the smallest."""
    small = (fix for fix in fixes if fix.split == split and fix.single_hunk and fix.derivation and len(fix.after) == 1)
    held = [fix for fix in small if _in_function(fix) and not fault(fix.path, fix.before, fix.text_after)]
    return sorted(held, key=lambda fix: fix.key)[:limit]


def _in_function(fix: MinedFix) -> bool:
    held = Symbol(fix.symbol, "function", fix.start, fix.end)
    return held in symbols(fix.before)


def rank(generator: CodeGenerator, fix: MinedFix, text: str) -> int:
    """The rank of the fix among the candidates, 0 where it is none of the first ten."""
    wanted = parse(fix.text_after)
    found = generator.generate(parse_issue(text), OneFile(fix.path, fix.before), [_place(fix)], 10, 10, [fix.path])
    kept = [each for each in found.candidates if not each.dropped]
    return next((i for i, each in enumerate(kept[:10], 1) if same(parse(each.after), wanted)), 0)


def _place(fix: MinedFix) -> Factorization:
    """The function of the fix, likely to one half."""
    place = Symbol(fix.symbol, "function", fix.start, fix.end)
    return Factorization(fix.path, Operation.MODIFY_LINE, place, 0.5, {"FILE": 1.0, "LOCATION": 0.5}, 0.5, True)


def main(
    fixes: Annotated[Path, typer.Argument(help="JSON Lines, as kent_agent.mine writes them.")],
    split: Annotated[str, typer.Option(help="train, validation or heldout.")] = "heldout",
    limit: Annotated[int, typer.Option(min=1, help="Fixes.")] = 40,
    only: Annotated[str | None, typer.Option(help="Wordings whose name begins so.")] = None,
    missed: Annotated[Path | None, typer.Option(help="JSON Lines to write the issues that were missed to.")] = None,
) -> None:
    """Tell fixes in words, and count how many are taken up."""
    generator = CodeGenerator(DecoderModel.load(weights_path(None)), FillingModel.load())
    first, among, n = Counter[str](), Counter[str](), Counter[str]()
    lost = []
    for fix in chosen(load_fixes(fixes), split, limit):
        told = Told.of(fix)
        for name, wording in WORDINGS.items():
            if (only is None or name.startswith(only)) and (words := wording(told)):
                text = f"{told.name} gives a wrong result\n\n{words}\n"
                found = rank(generator, fix, text)
                n[name] += 1
                first[name] += found == 1
                among[name] += found > 0
                if found != 1:
                    lost.append({"name": name, "rank": found, "repo": fix.repo, "commit": fix.commit, "text": text})
    if missed:
        missed.write_text("".join(json.dumps(each) + "\n" for each in lost), encoding="utf-8")
    table = Table("told as", "n", "first", "first ten", box=None)
    for name in n:
        table.add_row(name, str(n[name]), str(first[name]), str(among[name]))
    table.add_row("all", str(n.total()), str(first.total()), str(among.total()))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
