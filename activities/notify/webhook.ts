/**
 * Posts JSON to a webhook; anything but a 2xx answer is an error.
 *
 * The URL may be a secret: it is in no message, nor is the error of the connection kept, which names it.
 */
export async function postWebhook(url: string, body: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal,
    redirect: 'error',
  }).catch((error: unknown) => {
    if (signal.aborted) throw new Error('no answer in time');
    const code = ((error as Error).cause as { code?: string } | undefined)?.code;
    throw new Error(code ? `no connection (${code})` : 'no connection');
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`it answered ${response.status}`);
}
