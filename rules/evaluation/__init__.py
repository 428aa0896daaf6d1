"""How well faults are found: the rules' and the baseline's figures on labelled data.

`skab` judges the learned baseline on the Skoltech Anomaly Benchmark by its published protocol. Data is
read from a folder the caller names; none is kept here. Not here: the tests that hold the figures, in
`tests/rules`, and running changed rules over stored history, which is the backtest.
"""
