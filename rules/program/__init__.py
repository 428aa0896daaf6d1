"""Checked terms as a program over a board of numbers: one row a term, one column an evaluation.

Terms that several rules share are computed once. Terms that wait for nothing but what is computed already are
computed together, all sums of a level in one numpy call, so that the number of calls grows with the depth of
the rules and not with how many there are. What reads no reading is computed once for each equipment.

Truth is three-valued (Kleene): 1 true, 0 unknown, -1 false, so that `and` is the smallest, `or` the largest
and `not` the negative. NaN is the unknown number: every ordering with it fails both ways, which gives 0.

`program` lays terms out and runs them, `spelling` writes them in the few forms that run, `steps` computes one
operation of one level. Not here: where readings and windows come from.
"""

from rules.program.program import Fixed, Program
from rules.program.steps import Int8s

__all__ = ["Fixed", "Int8s", "Program"]
