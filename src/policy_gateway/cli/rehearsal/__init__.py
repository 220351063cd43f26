"""``rehearse`` and ``record``: what would happen, before anybody is cut over."""
