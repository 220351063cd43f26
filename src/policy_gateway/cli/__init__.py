"""The ``policy-gateway`` program."""
