/** A reader asks the server again when its attempt has not been confirmed for this long. */
export const CONFIRM_EVERY_MS = 30_000;
