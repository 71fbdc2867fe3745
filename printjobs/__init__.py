"""Joint printing, inserting and mailing of municipal initial notices (当初通知)."""
