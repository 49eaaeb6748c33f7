"""The mutants of a Python file: versions in which one expression or statement is another.

Comparisons, arithmetic, and/or, conditions, signs, numbers, True and False, raise and return are mutated.
Texts, annotations, what is inside raise, ``__repr__``, ``__str__``, overloads and ``if TYPE_CHECKING`` are
not.
"""

import ast
import copy
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Mutant:
    """One changed expression or statement of one file."""

    file: str
    line: int
    number: int  # among the mutants of the line, from 1
    start: int  # the bytes of the file that are replaced
    end: int
    code: str  # what replaces them
    change: str  # as printed
    lines: tuple[int, int]  # of the statement
    in_function: bool  # if not, it runs when the module is imported
    defines: str  # name that the statement defines

    @property
    def name(self) -> str:
        """Return the argument of ``--only``."""
        return f"{self.file}:{self.line}#{self.number}"

    def apply(self, source: bytes) -> bytes:
        """Return the source of the mutated file."""
        return source[: self.start] + self.code.encode() + source[self.end :]

    def compiles(self, source: bytes) -> bool:
        """Return whether the mutated file is valid Python."""
        try:
            compile(self.apply(source), self.file, "exec", dont_inherit=True)
        except SyntaxError:
            return False
        return True


_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
_COMPARE: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


def changes(node: Any) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Every change of a node: what is replaced (the node or a part of it), and by what."""
    match node:
        case ast.Compare():
            for place, op in enumerate(node.ops):
                for other in _COMPARE[type(op)]:
                    yield node, _with(node, ops=[*node.ops[:place], other(), *node.ops[place + 1 :]])
        case ast.BoolOp():
            yield node, _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.BinOp() | ast.AugAssign():
            sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.value]
            of_texts = any(isinstance(side, ast.JoinedStr) or _is_constant(side, str) for side in sides)
            if type(node.op) in _ARITHMETIC and not of_texts:
                yield node, _with(node, op=_ARITHMETIC[type(node.op)]())
        case ast.UnaryOp():
            yield node, node.operand
        case ast.Constant(value=bool()):
            yield node, ast.Constant(not node.value)
        case ast.Constant(value=int() | float()):
            yield from ((node, ast.parse(repr(node.value + step), mode="eval").body) for step in (1, -1))
        case ast.If() | ast.While() | ast.IfExp() if not _is_negated_elsewhere(node.test):
            yield node.test, ast.UnaryOp(ast.Not(), node.test)
        case ast.comprehension():
            tests = [test for test in node.ifs if not _is_negated_elsewhere(test)]
            yield from ((test, ast.UnaryOp(ast.Not(), test)) for test in tests)
        case ast.Raise():
            yield node, ast.Pass()
        case ast.Return() if not (node.value is None or _is_constant(node.value, type(None) | bool)):
            yield node, ast.Return(ast.Constant(None))


def _with(node: ast.AST, **fields: Any) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _is_negated_elsewhere(test: ast.AST) -> bool:
    """Return whether the change of an operator already yields the opposite."""
    return isinstance(test, ast.UnaryOp) or (isinstance(test, ast.Compare) and len(test.ops) == 1)


def _is_constant(node: ast.AST, kind: Any) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, kind)


def find_mutants(file: str, source: str) -> list[Mutant]:
    """Return all mutants of a file, in the order of its lines."""
    finder = _Finder(file, source)
    finder.visit(ast.parse(source), _Place())
    return finder.found


@dataclass(frozen=True)
class _Place:
    statement: ast.stmt | None = None
    text: ast.JoinedStr | None = None  # the outermost f-string
    in_function: bool = False


class _Finder:
    def __init__(self, file: str, source: str) -> None:
        self.file, self.source = file, source.encode()
        self.starts = [0]
        for line in self.source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.found: list[Mutant] = []
        self.on_line: dict[int, int] = defaultdict(int)

    def visit(self, node: ast.AST, place: _Place) -> None:
        if _is_skipped(node):
            return
        if isinstance(node, ast.stmt):
            place = replace(place, statement=node)
        for replaced, new in changes(node):
            self._add(replaced, new, place)
        if isinstance(node, ast.Raise):  # the rest is the message
            return
        if isinstance(node, ast.JoinedStr) and place.text is None:
            place = replace(place, text=node)
        for field, child in _children(node):
            starts = isinstance(node, _FUNCTION) and field == "body"
            self.visit(child, replace(place, in_function=True) if starts else place)

    def _add(self, replaced: ast.AST, new: ast.AST, place: _Place) -> None:
        if not place.in_function and isinstance(replaced, ast.BinOp) and isinstance(replaced.op, ast.BitOr):
            return  # a union of types
        # Positions within an f-string are wrong before Python 3.12: it is replaced as a whole.
        where: Any = place.text or replaced
        code = _code(copy.deepcopy(where, {id(replaced): new}))
        if isinstance(where, ast.expr) and place.text is None:
            code = f"({code})"
        self.on_line[where.lineno] += 1
        mutant = Mutant(
            file=self.file,
            line=where.lineno,
            number=self.on_line[where.lineno],
            start=self.starts[where.lineno - 1] + where.col_offset,
            end=self.starts[where.end_lineno - 1] + where.end_col_offset,
            code=code,
            change=f"{_short(replaced)}  ->  {_short(new)}",
            lines=_header(place.statement),
            in_function=place.in_function,
            defines=_defined(place.statement),
        )
        self.found.append(mutant)


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "format_spec"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield field, child


def _is_skipped(node: ast.AST) -> bool:
    if isinstance(node, ast.FunctionDef):
        overload = any("overload" in ast.unparse(decorator) for decorator in node.decorator_list)
        return overload or node.name in ("__repr__", "__str__")
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _code(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(node))


def _short(node: ast.AST) -> str:
    code = " ".join(_code(node).split())
    return code if len(code) <= 60 else code[:57] + "..."


def _header(statement: ast.stmt | None) -> tuple[int, int]:
    """Return the lines of a statement without the block below it."""
    if statement is None:
        return (1, 1)
    last = statement.end_lineno or statement.lineno
    body = getattr(statement, "body", None)
    return statement.lineno, max(statement.lineno, body[0].lineno - 1) if body else last


def _defined(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        return target.id if isinstance(target, ast.Name) else ""
    return getattr(statement, "name", "")
