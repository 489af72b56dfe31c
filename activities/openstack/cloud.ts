import { probeServers } from './compute/servers/requests';
import { probeFloatingIps } from './network/floating-ips/requests';
import { type SendOptions, Session } from './session';

/** A session with a cloud that can also prove itself. */
export class Cloud extends Session {
  /**
   * Proves that the credentials are good now and that compute and network answer: a new login, then one cheap
   * call of each.
   *
   * @throws `AuthDenied`, `InvalidInput` (configuration), `Unavailable`.
   */
  async check(options: SendOptions = {}): Promise<void> {
    await this.logIn(options);
    await Promise.all([this.send(probeServers(), options), this.send(probeFloatingIps(), options)]);
  }
}
