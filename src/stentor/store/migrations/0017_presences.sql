-- Who has a stream open, or had one a moment ago: seen_at is renewed while it is open.
CREATE TABLE presences (
  account_id bigint PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  seen_at bigint NOT NULL
);
