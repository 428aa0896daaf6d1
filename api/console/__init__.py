"""The web console: pages for people, drawn with NiceGUI on the API's own FastAPI app.

`app.py` mounts it; `session.py` and `signin.py` know who is there; `views/` turn rows and readings into what
a page shows, without drawing; `pages/` draw and act through `plantroom.stores.records`. No rule of the
domain lives here, and nothing outside this folder imports NiceGUI.
"""

from api.console.app import mount

__all__ = ["mount"]
