/** Never resolves; rejects with the signal's reason. For a race, which takes care of the rejection. */
export async function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return await new Promise((_resolve, reject) => {
    const giveUp = (): void => reject(signal.reason as Error);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
}
