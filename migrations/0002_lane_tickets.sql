CREATE TABLE `lane_tickets` (
	`hash` text PRIMARY KEY NOT NULL,
	`site_uid` text NOT NULL,
	`cluster_uid` text NOT NULL,
	`subject` text NOT NULL,
	`role` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
