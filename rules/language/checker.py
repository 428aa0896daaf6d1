"""Syntax tree + names -> checked terms: numbers, truth values and words are held apart here."""

from __future__ import annotations

from plantroom.model import PointKind
from rules.language import calls, measures, overs
from rules.language import tree as syntax
from rules.language.arithmetic import Numeric, combine, convert, counterpart, minus
from rules.language.names import GROUPS, Checked, Group, Names, Quoted, Worded, error, nearest
from rules.language.terms import (
    AllOf,
    AnyOf,
    Comparison,
    Elapsed,
    Not,
    Related,
    Same,
    TruthTerm,
)
from rules.language.terms import Constant as ConstantTerm


class Checker:
    """Gives the trees of one class's texts their meaning."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def truth(self, tree: syntax.Tree) -> TruthTerm:
        """The tree as a truth value. Raises: ExpressionError at the part that is wrong."""
        found = self.check(tree)
        if isinstance(found, Numeric):
            raise error(tree, "is a number where a truth value is needed: compare it with a limit")
        if isinstance(found, Worded):
            raise error(tree, f"is an enumeration: compare it with a word, {found.named()}")
        if isinstance(found, Quoted):
            raise error(tree, "is a word: compare an enumeration with it")
        if isinstance(found, Group):
            raise error(tree, f"is a group of equipment: ask any, all or count of {found.relation}")
        return found

    def number(self, tree: syntax.Tree) -> Numeric:
        """The tree as a number. Raises: ExpressionError at the part that is wrong."""
        found = self.check(tree)
        if isinstance(found, Numeric):
            return found
        if isinstance(found, Worded):
            raise error(tree, f"is an enumeration, not a number: compare it with a word, {found.named()}")
        if isinstance(found, Quoted):
            raise error(tree, "is a word where a number is needed")
        if isinstance(found, Group):
            raise error(tree, f"is a group of equipment: ask sum, mean, min or max of {found.relation}")
        raise error(tree, "is a truth value where a number is needed")

    def check(self, tree: syntax.Tree) -> Checked:  # noqa: PLR0911  one for each kind of node
        """What the tree means. Raises: ExpressionError."""
        match tree:
            case syntax.Number(value=value, unit=unit):
                return Numeric(ConstantTerm(value), None if unit is None else measures.of_unit(unit))
            case syntax.Name():
                return self.names.find(tree)
            case syntax.Member():
                return self._member(tree)
            case syntax.Word(text=text):
                return Quoted(text)
            case syntax.Minus(item=item):
                return minus(self.number(item), tree)
            case syntax.Negation(item=item):
                return Not(self.truth(item))
            case syntax.Logic(op=op, items=items):
                terms = tuple(self.truth(item) for item in items)
                return AllOf(terms) if op == "and" else AnyOf(terms)
            case syntax.Lasting(item=item, span=span):
                return lasting(self.truth(item), overs.nanos(span), tree)
            case syntax.Call():
                return calls.call(self, tree)
            case syntax.Binary(op=op, left=left, right=right):
                if op in ("+", "-", "*", "/"):
                    return combine(op, self.number(left), self.number(right), tree)
                return self._compare(tree)

    def _member(self, tree: syntax.Member) -> Checked:
        spec = self.names.member(tree)
        if tree.relation in GROUPS:
            return Group(tree.relation, spec)
        term = Related(tree.relation, tree.key, "value", spec.unit)
        if spec.kind is PointKind.BINARY:
            return Comparison(">", term, ConstantTerm(0.5))
        return Numeric(term, measures.of_unit(spec.unit))

    def _compare(self, tree: syntax.Binary) -> TruthTerm:
        left, right = self.check(tree.left), self.check(tree.right)
        for side, found in ((tree.left, left), (tree.right, right)):
            if isinstance(found, Group):
                self.number(side)  # says what to ask a group
        if isinstance(left, Worded | Quoted) or isinstance(right, Worded | Quoted):
            return self._coded(tree, left, right)
        if isinstance(left, Numeric) and isinstance(right, Numeric):
            if left.measure is None and right.measure is None:
                raise error(tree, "compares two plain numbers")
            common = counterpart(left, right, tree)
            return Comparison(tree.op, convert(left, common, tree.left), convert(right, common, tree.right))
        if isinstance(left, Numeric) or isinstance(right, Numeric):
            odd = tree.right if isinstance(left, Numeric) else tree.left
            raise error(odd, "is a truth value, which compares with no number: use it, or not it, by itself")
        if tree.op not in ("==", "!="):
            raise error(tree, f"truth values have no order, so {tree.op} means nothing between them")
        same = Same(self.truth(tree.left), self.truth(tree.right))
        return same if tree.op == "==" else Not(same)

    def _coded(self, tree: syntax.Binary, left: Checked, right: Checked) -> TruthTerm:
        enum, word = (left, right) if isinstance(left, Worded) else (right, left)
        word_at = tree.right if enum is left else tree.left
        if not isinstance(enum, Worded):
            raise error(word_at, "is a word: only an enumeration compares with one")
        if not isinstance(word, Quoted):
            raise error(word_at, f"compares with an enumeration, which takes a word: {enum.named()}")
        if tree.op not in ("==", "!="):
            raise error(tree, f"an enumeration has no order: use == or !=, not {tree.op}")
        values = dict(enum.words)
        if word.text not in values:
            near = nearest(word.text, values) or f": {enum.named()}"
            raise error(word_at, f"{word.text!r} is not a value of {enum.key!r}{near}")
        term = enum.equals(values[word.text])
        return term if tree.op == "==" else Not(term)


def lasting(item: TruthTerm, span: int, tree: syntax.Tree) -> TruthTerm:
    """Whether the item has been true for `span` ns. Raises: ExpressionError inside another such."""
    overs.refuse_inside(item, (Elapsed,), tree, "for and duration do not stand inside each other")
    return AllOf((item, Comparison(">=", Elapsed(item), ConstantTerm(span / 1e9))))
