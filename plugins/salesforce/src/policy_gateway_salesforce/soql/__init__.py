"""Reading SOQL and SOSL: what is not known is refused."""
