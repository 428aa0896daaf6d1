"""Readings in, alarm changes out, and what follows from them.

`expression` is the way into `language` (text to checked terms); `program` computes the terms of a class
together; `windows` keeps the past in bars; `engine` drives a step: `alignment` lays readings out,
`class_rules` judges them, `states` and `timers` remember, `relations` and `calendar` look around,
`checkpoint` and `kept` outlive a restart. `cases` runs rules against written series. `dispatch`,
`suppression`, `runner` and `schedule` turn changes and due plans into alarms and work orders. `baseline`
learns a normal picture, `backtest` runs changed rules over stored history, `evaluation` judges how well
faults are found. README.md is the specification. Not here: the rules themselves, which are data in
`plantroom/catalogue`, and the alarm's state machine, in `plantroom/alarms.py`.
"""
