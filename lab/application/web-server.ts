import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Pool } from 'pg';
import { escapeHtml, sendPage, TITLES } from './pages';
import { readArguments, required, serveOn } from './program';

interface Post {
  readonly id: string;
  readonly body: string;
}

/**
 * The web application "bookface", one server of it.
 *
 * - `GET /`: the latest posts; 500 with another title when the database does not answer
 * - `GET /posts/<id>`: 200 with the post, 404 without
 * - `POST /posts` `{ id, body }`: 201 once the post is committed, 200 if it was there already
 * - `GET /health`: 200 while the database answers, else 503
 */
function createWebServer(name: string, database: string) {
  const pool = new Pool({ connectionString: database, max: 8, connectionTimeoutMillis: 2_000, query_timeout: 3_000 });
  // An idle connection that is cut is replaced at the next query.
  pool.on('error', () => undefined);

  async function frontPage(response: ServerResponse): Promise<void> {
    const { rows } = await pool.query<Post>('select id, body from posts order by created_at desc limit 5');
    const posts = rows.map(({ id, body }) => `<li>${escapeHtml(id)}: ${escapeHtml(body.slice(0, 80))}</li>\n`);
    sendPage(response, 200, TITLES.production, `<ul>\n${posts.join('')}</ul>\n<p>served by ${name}</p>\n`);
  }

  async function health(response: ServerResponse): Promise<void> {
    await pool.query('select 1');
    sendJson(response, 200, { status: 'ok' });
  }

  async function readPost(id: string, response: ServerResponse): Promise<void> {
    const { rows } = await pool.query<Post>('select id, body from posts where id = $1', [id]);
    sendJson(response, rows[0] ? 200 : 404, rows[0] ?? { error: 'no such post' });
  }

  async function addPost(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const post = parsePost(await readBody(request));
    if (!post) return sendJson(response, 400, { error: 'wanted { id, body }' });
    const { rowCount } = await pool.query(
      'insert into posts (id, user_id, body) values ($1, 1, $2) on conflict (id) do nothing',
      [post.id, post.body],
    );
    sendJson(response, rowCount === 1 ? 201 : 200, { id: post.id });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const id = /^\/posts\/(.+)$/.exec(path)?.[1];
    if (request.method === 'POST' && path === '/posts') return addPost(request, response);
    if (path === '/') return frontPage(response);
    if (path === '/health') return health(response);
    if (id !== undefined) return readPost(decodeURIComponent(id), response);
    sendPage(response, 404, TITLES.error, '<p>not found</p>\n');
  }

  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const reason = escapeHtml(error instanceof Error ? error.message : String(error));
      sendPage(response, request.url === '/health' ? 503 : 500, TITLES.error, `<p>${reason}</p>\n`);
    });
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function parsePost(text: string): Post | undefined {
  try {
    const { id, body } = JSON.parse(text) as Partial<Post>;
    return typeof id === 'string' && typeof body === 'string' ? { id, body } : undefined;
  } catch {
    return undefined;
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body) + '\n');
}

if (require.main === module) {
  const { listen, name, database } = readArguments('listen', 'name', 'database');
  void serveOn(createWebServer(required('name', name), required('database', database)), required('listen', listen));
}
