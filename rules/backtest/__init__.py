"""Changed or new rules run over stored history, side by side with the rules in force.

`draft` reads the changed rules, `sides` says what has to run and over which points, `replay` puts stored
readings through the engine (the one that runs live; in processes of their own where the history is long),
`comparison` sets the alarms of both side by side, `report` is the outcome as plain JSON. Nothing is written:
no alarm, no order. People's marks on alarms are given as an argument; where they are kept is not known here.
"""

from rules.backtest.draft import Draft, read_draft, read_draft_file
from rules.backtest.replay import BacktestError, CancelledError, Progress
from rules.backtest.report import report_of
from rules.backtest.run import DEFAULT_WARM_UP, Mark, Result, backtest, equipment_of

__all__ = [
    "DEFAULT_WARM_UP",
    "BacktestError",
    "CancelledError",
    "Draft",
    "Mark",
    "Progress",
    "Result",
    "backtest",
    "equipment_of",
    "read_draft",
    "read_draft_file",
    "report_of",
]
