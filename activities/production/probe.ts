import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** What a visitor would see; `status` null when nothing answered. */
export interface Page {
  readonly status: number | null;
  readonly title: string | null;
}

const maxBytes = 256 * 1024;

/**
 * Fetches a page as a new visitor does: on a connection of its own, so that a moved address is followed.
 *
 * Never throws but the signal's reason: no answer is an answer. Does not follow redirects.
 */
export function probePage(
  url: string,
  { signal, timeoutMs = 3_000 }: { readonly signal: AbortSignal; readonly timeoutMs?: number },
): Promise<Page> {
  return new Promise((resolve, reject) => {
    const end = (page: Page) => {
      clearTimeout(timer);
      request.destroy();
      if (signal.aborted) reject(signal.reason as Error);
      else resolve(page);
    };
    const nothing: Page = { status: null, title: null };
    const request = (url.startsWith('https:') ? requestHttps : requestHttp)(
      url,
      { agent: false, signal },
      (response) => {
        let body = '';
        const page = () => ({ status: response.statusCode ?? null, title: titleOf(body) });
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
          if (body.length > maxBytes) end(page());
        });
        response.on('end', () => end(page()));
        response.on('error', () => end(nothing));
        response.on('close', () => end(nothing));
      },
    );
    const timer = setTimeout(() => end(nothing), timeoutMs);
    request.on('error', () => end(nothing));
    request.end();
  });
}

/** A page in words: `503 "We are back soon"`. */
export function pageInWords({ status, title }: Page): string {
  if (status === null) return 'nothing';
  return title === null ? `${status} without a title` : `${status} "${title}"`;
}

function titleOf(html: string): string | null {
  const text = /<title[^>]*>([\s\S]*?)<\/title>/i.exec(html)?.[1];
  if (text === undefined) return null;
  const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return text
    .replace(/&(amp|lt|gt|quot|#39);/g, (whole, entity: string) => named[entity] ?? whole)
    .replace(/\s+/g, ' ')
    .trim();
}
