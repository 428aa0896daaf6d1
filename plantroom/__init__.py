"""The ground floor: the property model, readings, alarms, work orders, the catalogue and the stores.

Everything here may be imported by every other folder and imports none of them, except `app.py`
(which composes the parts) and `cli.py` (the `plantroom` command). Domain files know no database,
no broker, no web framework and no settings.
"""

__version__ = "0.1.0"
