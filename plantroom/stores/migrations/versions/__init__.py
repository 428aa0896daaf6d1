"""The schema versions, oldest first; one that is released is never edited."""
