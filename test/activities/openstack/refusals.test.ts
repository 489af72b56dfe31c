import { failureTypeFor, serviceMessage } from '../../../activities/openstack/refusals';
import { recordedRefusals } from './replay-cloud';

const refusals = recordedRefusals().map(([file, { status, body }]) => ({
  file,
  status,
  text: typeof body === 'string' ? body : JSON.stringify(body),
}));

test('there are recordings of every kind of envelope', () => {
  expect(refusals.length).toBeGreaterThan(80);
});

test.each(refusals)("$file: the service's own sentence, on one line, without its envelope", ({ text }) => {
  const message = serviceMessage(text);
  expect(message.length).toBeGreaterThan(10);
  expect(message.length).toBeLessThanOrEqual(300);
  expect(message).not.toMatch(/^\{|<html|<body|\n|^\d{3} /i);
});

test('text and HTML are said without tags and without the status repeated', () => {
  expect(serviceMessage('404 Not Found\n\nNo image found with ID 0\n\n   ')).toBe('No image found with ID 0');
  expect(
    serviceMessage('<html><head><title>503</title></head><body><h1>Service Unavailable</h1>\nNo server.</body></html>'),
  ).toBe('Service Unavailable No server.');
  expect(serviceMessage('{"NeutronError": "plain"}')).toBe('plain');
  expect(serviceMessage('{"code": 503, "reason": ""}')).toBe('{"code": 503, "reason": ""}');
  expect(serviceMessage('')).toBe('');
});

test.each([
  [413, '', true, 'RateLimited'],
  [413, '', false, 'PreconditionFailed'],
  [408, '', false, 'Unavailable'],
  [422, '', false, 'InvalidInput'],
  [401, '', false, 'AuthDenied'],
  [403, 'Quota exceeded', false, 'PreconditionFailed'],
  [404, 'quota-class missing', false, 'NotFound'],
] as const)('%i %j (retry-after: %s) is %s', (status, text, hasRetryAfter, type) => {
  expect(failureTypeFor(status, text, hasRetryAfter)).toBe(type);
});
