"""What a program computes: operations on numbers and truth values, each once, and the order they run in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rules.language.terms import Term

TRUTHS = frozenset(
    {"<", "<=", "==", "all", "any", "not", "same", "known number", "known truth", "fixed truth"}
)
LEAVES = ("outside", "fixed number", "constant", "fixed truth")
"""What is there from the start, in the order in which it stands on the board."""


class Node(NamedTuple):
    """An operation on other nodes.

    `about` is what it needs besides: the row of `outside`, the value of a `constant`, class and term of what
    is `fixed`, factor and offset of `scaled`.
    """

    op: str
    of: tuple[int, ...]
    about: tuple[object, ...] = ()

    @property
    def number(self) -> bool:
        """Whether it gives numbers, and not truth values."""
        return self.op not in TRUTHS


class Plan:
    """Nodes by number. Equal ones are one node, whichever rules they came from."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[Node, int] = {}

    def node(self, op: str, *of: int, about: tuple[object, ...] = ()) -> int:
        """The number of an operation, entered if it is new."""
        node = Node(op, of, about)
        found = self._known.setdefault(node, len(self.nodes))
        if found == len(self.nodes):
            self.nodes.append(node)
        return found

    def constant(self, value: float) -> int:
        """A number that is the same for all."""
        return self.node("constant", about=(value,))

    def fixed(self, part: int, term: Term, *, number: bool) -> int:
        """What reads no reading: one value for each equipment of a class."""
        return self.node("fixed number" if number else "fixed truth", about=(part, term))

    def leaves(self, op: str) -> list[int]:
        """The nodes that are there from the start, of one kind."""
        return [at for at, node in enumerate(self.nodes) if node.op == op]

    def groups(self) -> Iterator[tuple[str, list[int]]]:
        """Operations with the nodes that are computed together, each after what it needs.

        An operation is best left until all nodes that ask for it are ready, so that it is done in one call;
        so the next one is always that of which the largest share is ready.
        """
        done = [node.op in LEAVES for node in self.nodes]
        waiting = [at for at, ready in enumerate(done) if not ready]
        while waiting:
            asked = Counter(self.nodes[at].op for at in waiting)
            ready: dict[str, list[int]] = {}
            for at in waiting:
                if all(done[part] for part in self.nodes[at].of):
                    ready.setdefault(self.nodes[at].op, []).append(at)
            op = max(ready, key=lambda name: (len(ready[name]) / asked[name], name))
            # those of most parts first: what is done to the n-th parts is then done to a stretch of them
            yield op, sorted(ready[op], key=lambda at: -len(self.nodes[at].of))
            for at in ready[op]:
                done[at] = True
            waiting = [at for at in waiting if not done[at]]

    def columns(self, group: Sequence[int]) -> list[list[int]]:
        """The first parts of nodes, their second parts and so on; later ones of fewer nodes."""
        most = len(self.nodes[group[0]].of)
        return [[self.nodes[at].of[n] for at in group if n < len(self.nodes[at].of)] for n in range(most)]
