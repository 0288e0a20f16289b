/** Emulators take any credentials. kinesis-local uses the access key as account, if it has 12 digits. */
export const EMULATOR_REGION = 'us-east-1';
export const EMULATOR_CREDENTIALS = { accessKeyId: '000000000000', secretAccessKey: 'any' };

/** For code that finds credentials by itself, as Keylane's adapters and processes do. */
export const EMULATOR_ENV: Readonly<Record<string, string>> = {
  AWS_REGION: EMULATOR_REGION,
  AWS_ACCESS_KEY_ID: EMULATOR_CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: EMULATOR_CREDENTIALS.secretAccessKey,
};
