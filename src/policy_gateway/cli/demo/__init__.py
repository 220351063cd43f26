"""``demo``: everything on this machine, in one process beside Tryton's own; nothing stays when it ends."""
