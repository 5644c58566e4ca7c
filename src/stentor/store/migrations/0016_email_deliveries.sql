-- What is promised by e-mail, written with the notification itself and sent a little later.
CREATE TABLE email_deliveries (
  account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  notification_id bigint NOT NULL,
  attempts bigint NOT NULL DEFAULT 0,
  problem text NOT NULL DEFAULT '',
  run_at bigint NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (account_id, notification_id)
);
CREATE INDEX email_deliveries_due ON email_deliveries (run_at);
