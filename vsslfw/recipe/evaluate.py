"""The expressions of a recipe: literals, dict(...), list(...), tuple(...), names assigned above, arithmetic. Nothing is executed."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

from vsslfw.errors import Problem, did_you_mean
from vsslfw.recipe.tree import UNREADABLE, Node, Place

ALLOWED = "a recipe is data: literals, dict(...), list(...), tuple(...), names assigned above, + - * / // % **, _base_ and comments"

MAX_BITS = 128  # far above any setting; keeps 9**9**9 and its like from eating the memory
MAX_TEXT = 10_000
MAX_VALUES = 10_000
MAX_DEPTH = 30

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_WORDS = {
    "Attribute": "an attribute",
    "Subscript": "an index",
    "ListComp": "a comprehension",
    "SetComp": "a comprehension",
    "DictComp": "a comprehension",
    "GeneratorExp": "a comprehension",
    "JoinedStr": "an f-string",
    "Lambda": "a lambda",
    "IfExp": "a conditional expression",
    "NamedExpr": "an assignment inside an expression",
    "Compare": "a comparison",
    "BoolOp": "and / or",
    "Set": "a set",
    "Starred": "a starred value",
    "Import": "an import",
    "ImportFrom": "an import",
    "FunctionDef": "a function definition",
    "ClassDef": "a class definition",
    "AugAssign": "an assignment with an operator",
    "AnnAssign": "an annotated assignment",
    "Expr": "a value that is given no name",
}


class Evaluator:
    """Turns expressions into nodes. What is refused is added to ``problems`` and becomes UNREADABLE, so that all is found at once."""

    def __init__(self, source: str, lines: list[str], *, arithmetic: bool = True) -> None:
        self.source = source
        self.names: dict[str, Node] = {}
        self.problems: list[Problem] = []
        self._lines = lines
        self._arithmetic = arithmetic

    def place(self, node: ast.AST) -> Place:
        """Line and column, both from 1; the column counts characters (the parser's counts bytes)."""
        line = getattr(node, "lineno", 1)
        prefix = self._lines[line - 1].encode()[: getattr(node, "col_offset", 0)] if line <= len(self._lines) else b""
        return Place(self.source, line, len(prefix.decode(errors="replace")) + 1)

    def refuse(self, node: ast.AST, what: str, hint: str = ALLOWED) -> Node:
        """Note a problem at ``node``; the value is unreadable. What is allowed is said once."""
        place = self.place(node)
        if hint == ALLOWED and any(problem.hint == ALLOWED for problem in self.problems):
            hint = ""
        self.problems.append(Problem(what, str(place), hint))
        return Node(UNREADABLE, place)

    def found(self, node: ast.AST) -> Node:
        """Refuse a piece of Python that is not data."""
        words = _WORDS.get(type(node).__name__, f"{type(node).__name__.lower()}, which is code")
        return self.refuse(node, f"found {words}")

    def evaluate(self, expression: ast.expr, at: ast.AST | None = None) -> Node:
        """The value of an expression; its place is that of ``at`` (its key), or its own."""
        handler = getattr(self, f"_{type(expression).__name__.lower()}", None)
        node: Node = handler(expression) if handler else self.found(expression)
        return Node(node.value, self.place(at or expression))

    def _constant(self, expression: ast.Constant) -> Node:
        return self._scalar(expression, expression.value)

    def _scalar(self, expression: ast.expr, value: Any) -> Node:
        if value is not None and not isinstance(value, bool | int | float | str):
            return self.refuse(expression, f"found a value of type {type(value).__name__}")
        if isinstance(value, float) and not math.isfinite(value):
            return self.refuse(expression, f"{value} is not a finite number", "")
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            return self.refuse(expression, f"this integer is too large (above 2**{MAX_BITS})", "")
        if isinstance(value, str) and len(value) > MAX_TEXT:
            return self.refuse(expression, f"this string is too long (above {MAX_TEXT} characters)", "")
        if isinstance(value, str) and not is_text(value):
            return self.refuse(expression, "this string holds half a character (a lone surrogate)", "")
        return Node(value, self.place(expression))

    def _container(self, expression: ast.expr, value: dict[str, Node] | list[Node] | tuple[Node, ...]) -> Node:
        node = Node(value, self.place(expression))
        if node.depth > MAX_DEPTH or node.size > MAX_VALUES:
            return self.refuse(expression, f"this is too large: above {MAX_VALUES} values, or nested deeper than {MAX_DEPTH}", "")
        return node

    def _list(self, expression: ast.List) -> Node:
        return self._container(expression, [self.evaluate(element) for element in expression.elts])

    def _tuple(self, expression: ast.Tuple) -> Node:
        return self._container(expression, tuple(self.evaluate(element) for element in expression.elts))

    def _dict(self, expression: ast.Dict) -> Node:
        pairs: list[tuple[str, ast.AST, ast.expr]] = []
        for key, value in zip(expression.keys, expression.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                pairs.append((key.value, key, value))
            else:
                self.refuse(key or value, "found a key that is not a string", "the keys of a recipe are names")
        return self._container(expression, self._pairs(pairs))

    def _pairs(self, pairs: Iterable[tuple[str, ast.AST, ast.expr]]) -> dict[str, Node]:
        values: dict[str, Node] = {}
        for name, key, value in pairs:
            if name in values:
                self.refuse(key, f'the key "{name}" is there twice', f"it is first at {values[name].place}")
            else:
                values[name] = self.evaluate(value, key)
        return values

    def _call(self, call: ast.Call) -> Node:
        name = call.func.id if isinstance(call.func, ast.Name) else ast.unparse(call.func)
        if name == "dict":
            pairs = [(keyword.arg, keyword, keyword.value) for keyword in call.keywords if keyword.arg is not None]
            if call.args or len(pairs) < len(call.keywords):
                return self.refuse(call, "dict(...) takes key=value pairs only")
            return self._container(call, self._pairs(pairs))
        if name in ("list", "tuple"):
            if call.keywords or len(call.args) > 1:
                return self.refuse(call, f"{name}(...) takes one list or tuple")
            inner = self.evaluate(call.args[0]) if call.args else Node((), self.place(call))
            if inner.value is UNREADABLE:
                return inner
            if not isinstance(inner.value, list | tuple):
                return self.refuse(call, f"{name}(...) takes one list or tuple")
            return Node((list if name == "list" else tuple)(inner.value), self.place(call))
        return self.refuse(call, f"found a call of {name[:60]}()")

    def _name(self, expression: ast.Name) -> Node:
        known = self.names.get(expression.id)
        if known is not None:
            return known
        near = did_you_mean(expression.id, [*self.names, "True", "False", "None"])
        hint = near if near.startswith("did") else f'if it is text, it needs quotes: "{expression.id}"'
        return self.refuse(expression, f'the name "{expression.id}" is not assigned above', hint)

    def _unaryop(self, expression: ast.UnaryOp) -> Node:
        operation = _UNARY.get(type(expression.op))
        operand = self.evaluate(expression.operand)
        if operation is None:
            return self.found(expression)
        if operand.value is UNREADABLE:
            return operand
        if not _is_number(operand.value):
            return self.refuse(expression, "a sign needs a number")
        return self._scalar(expression, operation(operand.value))

    def _binop(self, expression: ast.BinOp) -> Node:
        operation = _BINARY.get(type(expression.op))
        if operation is None or not self._arithmetic:
            return self.found(expression)
        left, right = self.evaluate(expression.left).value, self.evaluate(expression.right).value
        if left is UNREADABLE or right is UNREADABLE:
            return Node(UNREADABLE, self.place(expression))
        texts = isinstance(left, str) and isinstance(right, str) and operation is operator.add
        if not texts and not (_is_number(left) and _is_number(right)):
            return self.refuse(expression, "arithmetic needs numbers (and + also joins two strings)")
        if operation is operator.pow and isinstance(left, int) and isinstance(right, int) and (left.bit_length() - 1) * right > MAX_BITS:
            return self.refuse(expression, f"this power is too large (above 2**{MAX_BITS})", "")
        try:
            return self._scalar(expression, operation(left, right))
        except (ArithmeticError, ValueError) as error:
            return self.refuse(expression, f"this cannot be computed: {error}", "")


def is_text(value: str) -> bool:
    """False for what no file can hold as UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
