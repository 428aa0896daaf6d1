"""Readings in, alarm changes out, and what follows from them.

`expression` turns a rule's text into checked functions over columns (`syntax`, `checker`, `arithmetic`,
`columns`, `compiler`, `deadband`); `engine` runs them over batches (`window` holds the latest values,
`alignment` lays a batch out, `timers` keep delays and alarms, `checkpoint` outlives a restart); `cases` runs
rules against written series. `dispatch`, `runner` and `schedule` turn changes and due plans into alarms and
work orders. The folder `baseline` learns a normal picture, `evaluation` judges how well faults are found.
README.md is the specification of the language and of the semantics. Not here: the rules themselves, which are
data in `plantroom/catalogue`, and the alarm's state machine, in `plantroom/alarms.py`.
"""
