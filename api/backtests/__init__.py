"""Backtests: an engineer's changed rules over stored history, run beside the server's own work."""
