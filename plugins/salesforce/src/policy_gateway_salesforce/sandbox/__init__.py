"""A local double of Salesforce's APIs: small, stateful, strict, and able to misbehave on demand."""
