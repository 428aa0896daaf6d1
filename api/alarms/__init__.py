"""Alarms: the list, one with its history, and what people do to them. How they move is `plantroom.alarms`."""
