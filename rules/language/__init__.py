"""The language of fault rules: text to checked terms.

`syntax` reads text into a tree (`tree`), `names`, `checker`, `calls` and `overs` give every name, quantity
and window its meaning (`arithmetic` and `measures` hold quantities apart), `terms` is what comes out,
`deadband` relaxes it for holding an alarm, `location` finds the place of an error in its file. Not here:
running terms over readings, which is the business of `rules/program`.
"""
