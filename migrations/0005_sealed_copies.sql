CREATE TABLE `sealed_copies` (
	`cluster_uid` text NOT NULL,
	`version` integer NOT NULL,
	`agent_id` text NOT NULL,
	`ciphertext` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`cluster_uid`, `version`, `agent_id`)
);
--> statement-breakpoint
ALTER TABLE `sealed_secrets` ADD `revealed_at` integer;