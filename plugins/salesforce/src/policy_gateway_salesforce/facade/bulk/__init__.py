"""Bulk jobs of both APIs, between their requests and while they run."""
