"""The web service for lead, vendor, cities and auditors: parse, call, show."""
