"""Checked terms as a program over a board of numbers: one row a term, one column an evaluation.

Terms that several rules share are computed once. Terms that wait for nothing but what is computed already are
computed together, all sums in one numpy call, so that the number of calls grows with the depth of the rules
and not with how many there are, nor with how many classes: a program may hold several, each with rows of
its own and its evaluations in the columns from the left. What reads no reading is computed once for each
equipment.

Truth is three-valued (Kleene): 1 true, 0 unknown, -1 false, so that `and` is the smallest, `or` the largest
and `not` the negative. NaN is the unknown number: every ordering with it fails both ways, which gives 0.

`spelling` enters terms into a `plan`, in the few operations that run; `program` lays the plan out and runs
it; `steps` computes one operation. Not here: where readings and windows come from.
"""

from rules.program.program import Fixed, Part, Program
from rules.program.steps import Int8s

__all__ = ["Fixed", "Int8s", "Part", "Program"]
