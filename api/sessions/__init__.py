"""Signing in and out, oneself, and one's tokens. Other people's accounts are in `api/users`."""
