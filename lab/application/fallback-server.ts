import { createServer } from 'node:http';
import { sendPage, TITLES } from './pages';
import { readArguments, required, serveOn } from './program';

/** The page shown while production is down: 503 for every path and method. */
function createFallbackServer() {
  return createServer((request, response) => {
    request.resume();
    response.setHeader('retry-after', '30');
    sendPage(response, 503, TITLES.fallback, '<p>We are back in a moment.</p>\n');
  });
}

if (require.main === module) void serveOn(createFallbackServer(), required('listen', readArguments('listen').listen));
