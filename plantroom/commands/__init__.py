"""The subcommands of `plantroom`, one file per subject; `cli.py` puts them together.

They read arguments, call the parts and print for people. Like `app.py` they may know every folder.
"""
