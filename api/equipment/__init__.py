"""Equipment as it is now: its points with live values, its state, rules, plans, alarms and orders.

`state.py` says what state equipment is in; sites and systems sum it up. Values over time are in
`api/readings`.
"""
