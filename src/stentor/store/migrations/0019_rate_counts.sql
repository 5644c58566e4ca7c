-- Attempts in the current windows of the limits that guard signing in, of all processes together.
-- who is a digest of an address or an account. A row is of no use after ends_at.
CREATE TABLE rate_counts (
  name text NOT NULL,
  who text NOT NULL,
  ends_at bigint NOT NULL,
  used integer NOT NULL,
  PRIMARY KEY (name, who, ends_at)
);
CREATE INDEX rate_counts_age ON rate_counts (ends_at);
