"""Who may come in, what they did, and what proves it: accounts, the journal, the council's signature."""
