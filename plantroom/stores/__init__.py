"""Where things are kept: readings behind the `ReadingStore` protocol, everything else in `records/`.

One file per reading store. What the rows mean is said in the domain files a floor up.
"""
