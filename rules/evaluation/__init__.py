"""How well faults are found: the rules' and the baseline's figures on labelled data.

`faults` and `healthy` judge what the rules raised on simulated equipment, with one fault each or with none,
and `report` puts their figures together; they see alarms only, `plantroom evaluate` runs the simulators and
the engine. `skab` judges the learned baseline on the Skoltech Anomaly Benchmark by its published protocol.
Data is read from a folder the caller names; none is kept here. Not here: the tests that hold the figures, in
`tests/rules`, and running changed rules over stored history, which is the backtest.
"""
