import { type ServerResponse } from 'node:http';

/** The titles by which a visitor tells production from the fallback page and from a failure. */
export const TITLES = {
  production: 'bookface',
  fallback: 'bookface is being maintained',
  error: 'bookface: error',
} as const;

/** Sends an HTML page. */
export function sendPage(response: ServerResponse, status: number, title: string, body: string): void {
  response
    .writeHead(status, { 'content-type': 'text/html; charset=utf-8' })
    .end(
      `<!doctype html>\n<html><head><title>${title}</title></head>\n<body><h1>bookface</h1>\n${body}</body></html>\n`,
    );
}

/** Text as HTML shows it. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
