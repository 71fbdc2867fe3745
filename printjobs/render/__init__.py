"""Where core, layouts and fonts meet: a compiled layout and records in, PDF bytes out."""
