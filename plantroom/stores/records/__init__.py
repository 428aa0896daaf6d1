"""Everything but readings, in one relational database: the property, alarms, work orders, people.

One file per subject, each a set of functions on a session; rows are `tables.py`'s and the rules of what
may change are the domain files'. No function here commits: that is done once, at the edge of a request
or of a rules step, by `Database.transaction`.
"""

from plantroom.stores.records import people_tables
from plantroom.stores.records.database import Database

__all__ = ["Database", "people_tables"]
