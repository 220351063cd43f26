"""What texts in SOQL and SOSL ask of the gateway."""
