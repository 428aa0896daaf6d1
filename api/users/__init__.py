"""The people who sign in, for administrators. Oneself and one's tokens are in `api/sessions`."""
