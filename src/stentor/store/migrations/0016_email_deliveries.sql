-- What is promised by e-mail, written with what it tells of. `kind` is `notification` (sent a
-- little later) or `warning`, and `about_id` the row of that table. Whoever sends a row moves its
-- run_at on, as a lease; it goes when the mail server has taken it, or when nothing is to be sent
-- any more. given_up_at: it was refused for good, and stays for some days to be looked at.
CREATE TABLE email_deliveries (
  account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  kind text NOT NULL,
  about_id bigint NOT NULL,
  attempts bigint NOT NULL DEFAULT 0,
  problem text NOT NULL DEFAULT '',
  run_at bigint NOT NULL,
  created_at bigint NOT NULL,
  given_up_at bigint,
  PRIMARY KEY (account_id, kind, about_id)
);
CREATE INDEX email_deliveries_due ON email_deliveries (run_at) WHERE given_up_at IS NULL;
CREATE INDEX email_deliveries_given_up ON email_deliveries (given_up_at)
  WHERE given_up_at IS NOT NULL;
