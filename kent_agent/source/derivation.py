"""The fewest edits of the grammar that turn one version of a file into the next."""

import ast
from collections.abc import Iterable, Sequence

from kent_agent.errors import PatchError
from kent_agent.source.application import apply_to
from kent_agent.source.comparison import Comparison
from kent_agent.source.document import Document, Place
from kent_agent.source.grammar import Action, Derivation, Edit
from kent_agent.source.import_lines import apply_imports
from kent_agent.source.moves import with_moves
from kent_agent.source.plans import EDIT_COST, Plan, common_ends
from kent_agent.source.renaming import renamed_throughout
from kent_agent.source.sameness import effective, import_facts, same
from kent_agent.source.sites import list_site, node_site
from kent_agent.source.symbols import parse


def derive(before: str, after: str, limit: int = 3) -> Derivation | None:
    """The edits that turn one version of a file into the next, comments, docstrings and formatting aside.

    Imports that come with other edits are no edits. None where neither version parses, nothing changes, or more than
    `limit` edits or others than the grammar's are needed; what is returned has been applied and compared.
    """
    try:
        return Change(Document(before), after).derivation(limit)
    except (SyntaxError, RecursionError):
        return None


def _changed_part(old: Document, after: str) -> tuple[int, int, str]:
    """The range of the module's statements around all changes, and their text in the version after."""
    head, tail = _common_ends(old.text, after)
    body = old.tree.body
    spans = [old.whole(node) for node in body]
    first = next((i for i, (_, end) in enumerate(spans) if end >= head), len(body))
    first = max(first - 1, 0)  # what comes before a statement may belong to the one before it
    last = next((i for i, (start, _) in enumerate(spans) if start > len(old.text) - tail), len(body))
    last = min(last + 1, len(body))
    start = old.line_start(spans[first][0]) if first else 0
    end = old.line_start(spans[last][0]) if last < len(body) else len(old.text)
    return first, last, after[start : len(after) - (len(old.text) - end)]


def _common_ends(before: str, after: str) -> tuple[int, int]:
    """How many characters of whole lines two texts have in common at their starts, and then at their ends."""
    old, new = before.split("\n"), after.split("\n")
    head, tail = common_ends(len(old), len(new), lambda i, j: old[i] == new[j])
    size = sum(len(line) + 1 for line in old[:head])
    return min(size, len(before), len(after)), max(sum(len(line) + 1 for line in old[len(old) - tail :]) - 1, 0)


class Change:
    """Two versions of a file, compared where they differ.

    Args:
        old: the version before.
        after: the text of the version after.

    Raises:
        SyntaxError: the part of it that differs does not parse.
    """

    def __init__(self, old: Document, after: str) -> None:
        first, last, changed = _changed_part(old, after)
        self.old = old
        self.new = Document(changed)
        self.places = [Place(node, old.root, "body", i) for i, node in enumerate(old.tree.body)][first:last]
        self.bounds = first, last
        ours = import_facts([place.node for place in self.places])
        theirs = import_facts(self.new.tree.body)
        self._come = [fact for fact in theirs if fact not in ours]
        self._gone = [ours[fact] for fact in ours if fact not in theirs]
        self._ours = [place for place in self.places if not _is_import(place.node)]
        self._theirs = [node for node in self.new.tree.body if not _is_import(node)]
        self._only_imports = same(effective([place.node for place in self._ours]), effective(self._theirs))

    @property
    def functional(self) -> bool:
        """Whether anything but comments, docstrings, formatting and the order of imports differs."""
        return bool(self._come or self._gone) or not self._only_imports

    def derivation(self, limit: int) -> Derivation | None:
        """The edits between the versions; None where nothing differs, or more or others are needed."""
        if not self.functional:
            return None
        if self._only_imports:
            return self._first_that_holds(self.places, self.new.tree.body, (), (), limit)
        imports = tuple(_statement_of(fact) for fact in self._come)
        return self._first_that_holds(self._ours, self._theirs, imports, self._lost_imports(), limit)

    def _lost_imports(self) -> list[Edit]:
        """Deletions of imports: of whole statements, or of names in them."""
        edits: list[Edit] = []
        for statement in {id(node): node for node, _ in self._gone}.values():
            place = next(p for p in self.places if p.node is statement)
            names = [alias for node, alias in self._gone if node is statement]
            lines = self.old.lines(statement)
            if len(names) == len(getattr(statement, "names", ())) and lines:
                edits.append(Edit(node_site(self.old, Action.DELETE_STATEMENT, place, lines)))
                continue
            for alias in names:
                i = statement.names.index(alias)  # type: ignore[attr-defined]
                edits.append(Edit(list_site(self.old, Action.DELETE_ELEMENT, place, "names", i, self.old.span(alias))))
        return edits

    def _first_that_holds(
        self,
        ours: Sequence[Place],
        theirs: Sequence[ast.AST],
        imports: tuple[tuple[str, ...], ...],
        more: Sequence[Edit],
        limit: int,
    ) -> Derivation | None:
        for plan in sorted(self._plans(ours, theirs, limit), key=lambda plan: plan.cost):
            edits = [*plan.edits, *more]
            if not 0 < len(edits) <= limit:
                continue
            derivation = Derivation(tuple(sorted(edits, key=lambda e: (e.site.start, e.site.end))), imports)
            if self._holds(derivation):
                return derivation
        return None

    def _plans(self, ours: Sequence[Place], theirs: Sequence[ast.AST], limit: int) -> Iterable[Plan]:
        """Plans to try; those that rename throughout a function come before one of equal cost."""
        for edit, restore in renamed_throughout(self.old, ours, theirs):
            rest = self._compared(Comparison(self.old, self.new, limit + 1, texts_tell=False), ours, theirs)
            restore()
            if rest is not None:
                yield Plan(rest.cost + EDIT_COST + 1, (edit, *rest.edits))
        plan = self._compared(Comparison(self.old, self.new, limit + 2), ours, theirs)
        if plan is not None:
            yield plan

    def _compared(self, comparison: Comparison, ours: Sequence[Place], theirs: Sequence[ast.AST]) -> Plan | None:
        plan = comparison.block(self.old.root, "body", ours, theirs)
        return plan and with_moves(self.old, plan)

    def _holds(self, derivation: Derivation) -> bool:
        """Whether the edits give the version after."""
        try:
            text = apply_to(self.old, derivation.edits)
            text = apply_imports(text, derivation.imports) if derivation.imports else text
            return self._same_module(text)
        except (PatchError, SyntaxError):
            return False

    def _same_module(self, text: str) -> bool:
        """Whether a text has the statements of the version after, the order of its imports aside."""
        first, last, changed = _changed_part(self.old, text)
        if (first, last) == self.bounds and changed == self.new.text:
            return True
        low, high = min(first, self.bounds[0]), max(last, self.bounds[1])
        result, expected = (
            self._widened(first, last, changed, low, high),
            self._widened(*self.bounds, self.new.text, low, high),
        )
        plain = [effective([n for n in nodes if not _is_import(n)]) for nodes in (result, expected)]
        return import_facts(result).keys() == import_facts(expected).keys() and same(plain[0], plain[1])

    def _widened(self, first: int, last: int, changed: str, low: int, high: int) -> list[ast.stmt]:
        """The statements from one number to another, of which those of a narrower range were changed."""
        body = self.old.tree.body
        return [*body[low:first], *parse(changed).body, *body[last:high]]


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _statement_of(fact: tuple[str, str, str | None]) -> tuple[str, ...]:
    """The tokens of an import statement of one name."""
    module, name, called = fact
    dots = module[: len(module) - len(module.lstrip("."))]
    path = [piece for i, part in enumerate(module.lstrip(".").split(".")) for piece in ((".", part) if i else (part,))]
    renamed = ("as", called) if called else ()
    dotted = tuple(token for token in (*dots, *path) if token)
    return ("from", *dotted, "import", name, *renamed) if name else ("import", *dotted, *renamed)
