"""Messages that could not be taken: to look at, for administrators. How they get there is the collector's."""
