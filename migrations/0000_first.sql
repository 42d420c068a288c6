CREATE TABLE `agents` (
	`id` text PRIMARY KEY NOT NULL,
	`site_uid` text NOT NULL,
	`identity_key` text NOT NULL,
	`age_recipient` text NOT NULL,
	`fingerprint` text NOT NULL,
	`hostname` text NOT NULL,
	`version` text NOT NULL,
	`enrolled_at` integer NOT NULL,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE TABLE `audit` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`uid` text NOT NULL,
	`generation` integer,
	`request_id` text NOT NULL,
	`facts` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `documents` (
	`uid` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`spec` text NOT NULL,
	`labels` text NOT NULL,
	`annotations` text NOT NULL,
	`generation` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleting_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `documents_kind_name` ON `documents` (`kind`,`name`);--> statement-breakpoint
CREATE TABLE `join_tokens` (
	`hash` text PRIMARY KEY NOT NULL,
	`site_uid` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer,
	`used_by` text
);
--> statement-breakpoint
CREATE TABLE `sealed_secrets` (
	`cluster_uid` text NOT NULL,
	`version` integer NOT NULL,
	`ciphertext` text NOT NULL,
	`recipients` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`cluster_uid`, `version`)
);
--> statement-breakpoint
CREATE TABLE `statuses` (
	`uid` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`phase` text NOT NULL,
	`status` text NOT NULL,
	`observed_generation` integer NOT NULL,
	`updated_at` integer NOT NULL
);
