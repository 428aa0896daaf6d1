"""Service levels: what was agreed, and an order's clocks and escalation as they go out. The figures are
`plantroom.service_levels`'.
"""
