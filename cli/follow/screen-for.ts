import { LiveScreen } from './live-screen';
import { PlainScreen } from './plain-screen';
import { type Screen, type ScreenOptions } from './screen';

/** A live block on a terminal, time-stamped lines anywhere else. */
export function screenFor(options: ScreenOptions): Screen {
  const { stream, env } = options;
  const live = stream.isTTY && env.TERM !== 'dumb' && !env.CI;
  return live ? new LiveScreen(options) : new PlainScreen(options);
}
