"""What pages show, worked out without drawing it: rows, readings and the catalogue in, plain values out.

Everything here is a function of its arguments, `now` and the language included, or a read-only query.
Nothing here knows NiceGUI.
"""
