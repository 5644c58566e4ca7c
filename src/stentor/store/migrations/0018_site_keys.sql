-- Which keys this database's servers sign and push with: a digest, one row. A machine that comes
-- with a key file of its own is noticed at once.
CREATE TABLE site_keys (
  id integer PRIMARY KEY CHECK (id = 1),
  fingerprint text NOT NULL
);
