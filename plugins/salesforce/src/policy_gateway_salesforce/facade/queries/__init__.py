"""Queries and searches, answered page by page."""
