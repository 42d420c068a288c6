ALTER TABLE `agents` ADD `approved_at` integer;--> statement-breakpoint
ALTER TABLE `agents` ADD `age_proof` text;--> statement-breakpoint
ALTER TABLE `join_tokens` ADD `name` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `join_tokens` ADD `approve` integer DEFAULT false NOT NULL;--> statement-breakpoint
UPDATE `agents` SET `approved_at` = `enrolled_at`;
