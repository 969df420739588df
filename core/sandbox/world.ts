import type { Clock } from '../kernel/clock.ts';
import { makeEcho } from './echo.ts';
import type { Echo } from './echo.ts';
import { Faults } from './faults.ts';
import { makeGoogle } from './google/google.ts';
import type { Google } from './google/google.ts';
import { makeTwilio } from './twilio/twilio.ts';
import type { Twilio } from './twilio/twilio.ts';

/** Everything that one sandbox holds. It lives in memory and ends with the process. */
export interface World {
  readonly google: Google;
  readonly twilio: Twilio;
  readonly echo: Echo;
  readonly faults: Faults;
  /** Back to the beginning: no messages, no tokens, an empty demo sheet. */
  clear(): void;
}

export async function makeWorld(clock: Clock): Promise<World> {
  const faults = new Faults();
  const google = await makeGoogle(clock, faults);
  const twilio = makeTwilio(clock, faults);
  const echo = makeEcho(clock, faults);
  return {
    google,
    twilio,
    echo,
    faults,
    clear() {
      for (const part of [google, twilio, echo, faults]) part.clear();
    },
  };
}
