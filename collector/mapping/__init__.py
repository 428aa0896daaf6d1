"""Other people's topics: which of their devices is which equipment, and which of their values which point.

A layout (`collector/maps/*.yaml`) says how a product publishes; a map, written by the property, says which
layouts are used where and which device is which equipment; what is adopted through the API adds to it. What a
payload's bytes mean is `collector/codecs/`, what a reading is worth `collector/ingest.py`.
"""
