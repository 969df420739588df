import type { Clock } from '../kernel/clock.ts';
import { makeCloudControl } from './cloud-control/cloud-control.ts';
import type { CloudControl } from './cloud-control/cloud-control.ts';
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
  readonly cloudControl: CloudControl;
  readonly echo: Echo;
  readonly faults: Faults;
  /** Back to the beginning: no messages, no tokens, no resources, an empty demo sheet. */
  clear(): void;
}

/** @param timeScale what the durations of clouds are multiplied by */
export async function makeWorld(clock: Clock, timeScale: number): Promise<World> {
  const faults = new Faults();
  const google = await makeGoogle(clock, faults);
  const twilio = makeTwilio(clock, faults);
  const cloudControl = makeCloudControl(clock, faults, timeScale);
  const echo = makeEcho(clock, faults);
  return {
    google,
    twilio,
    cloudControl,
    echo,
    faults,
    clear() {
      for (const part of [google, twilio, cloudControl, echo, faults]) part.clear();
    },
  };
}
