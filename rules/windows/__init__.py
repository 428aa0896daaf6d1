"""What rules see of the past: bars of whole minutes, and what window functions make of them.

A series is what enters bars: a point, or an expression with its condition; a lane is a series of one
equipment.
`lanes` numbers them for the whole property, `stream` turns readings into figures by lane and minute, `rings`
keep bars, `functions` and `trends` look over them, `history` drives it from minute to minute. Not here: how
expressions are computed (`rules/program`), and what a window means for a rule.

Everything that is added up is rounded to a binary fraction first (`stream.QUANTUM`), so that sums are exact
and come out the same however readings are cut into batches.
"""
