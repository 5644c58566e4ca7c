CREATE SEQUENCE notification_ids;
