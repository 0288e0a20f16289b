export const CONFIRM_EVERY_MS = 30_000;
