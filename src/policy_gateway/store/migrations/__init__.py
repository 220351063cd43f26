"""The schema's history; each file in ``versions`` is one step, and is never changed after a release."""
