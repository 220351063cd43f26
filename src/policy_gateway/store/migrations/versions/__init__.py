"""One file a step: ``v<number>_<what>.py``, its revision the number, its ``down_revision`` the one before."""
