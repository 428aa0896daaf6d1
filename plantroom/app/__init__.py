"""The composition: builds the parts from the settings, starts and stops them in order.

The only place that knows all of them. `whole.py` is everything in one process; `worker.py`, `scheduler.py`
and `web.py` are its three parts as processes of their own, over stores that they share. What they have in
common is in `foundation.py` (settings, stores, the property in force), `watching.py` (collector and rules)
and `serving.py` (sockets and signals). No rule of the product's is here.
"""

from plantroom.app.foundation import checked_catalogue, prepare_folder
from plantroom.app.serving import listen
from plantroom.app.whole import Application, Started

__all__ = ["Application", "Started", "checked_catalogue", "listen", "prepare_folder"]
