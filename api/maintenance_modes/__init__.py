"""Maintenance modes: while somebody works on equipment or in a space, its alarms are out of service. What a
mode covers and what it does to alarms is `plantroom.stores.records.maintenance_modes`."""
