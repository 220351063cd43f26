"""Salesforce: an org as a CRM behind the gateway, and its wire format in front of it."""
