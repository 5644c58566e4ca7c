CREATE TABLE sequences (
  name text PRIMARY KEY,
  value bigint NOT NULL
);
INSERT INTO sequences (name, value) VALUES ('notification', 0);
