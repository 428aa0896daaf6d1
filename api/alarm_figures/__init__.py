"""How the alarm system does beside ISA-18.2's targets. The figures are `plantroom.alarm_figures`."""
