"""MQTT bytes in, stored readings out: topic grammar, codecs, ingest, batcher and the MQTT session.

A message is acknowledged only after the store's durable write, and whatever cannot be taken is kept in
quarantine with its reason. Nothing here knows what a reading means (that is `rules/`), how it is stored
(`plantroom/stores/`) or who looks at it (`api/`). The format is described in `README.md` beside this file.
"""
